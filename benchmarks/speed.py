"""How fast everything is, beside the floor of its arithmetic and beside the cINN, in one run.

    python benchmarks/speed.py      # CPU: small batches, few repeats
    python benchmarks/speed.py --device cuda --batch-size 64 --train-batch-size 16 --steps 60
        --stills 2000 --compile

For each preset (random weights, its own shapes and sampler) it prints: one loop and loops in
batches, float32 and bf16; training steps of stage 1 with critics, clips read and augmented, and of
stage 2 from cached latents; most memory taken (GPU). "Floor" is the same work at the rate of a
large matrix product on the device: floating-point operations as torch counts them, over that rate.
A preset without critics gets the patch critic (patch_adversarial 0.03, feature_matching 1).
Then, with the model of --model: a new process from its start to loops on disk (mp4, gif, strip),
one loop in a running process at the still's own size, bf16 autocast beside it, and many stills to
mp4 files. Without --still the real frame of the pydicom wheel (320 x 240) is moved. Sampling and
decoding alone start from first frames in memory. Seed 0; a timing is the median of the repeats
after one that does not count. On a shared CPU --processor-time times synthesis by processor seconds
of one thread (rates of trainings and of files stay those of the clock).
"""

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from pydicom.examples import get_path
from rich.console import Console
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from sonoloop.autoencoder.critics import build_critics
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.autoencoder.training_step import AUTOENCODER, AutoencoderStep
from sonoloop.data.phantom import phantom_clip
from sonoloop.data.splits import SplitName, write_split
from sonoloop.data.store import Entry, StoreWriter
from sonoloop.errors import UsageError
from sonoloop.features.perceptual import Lpips
from sonoloop.layers.memory_format import use_channels_last
from sonoloop.recipes.config import Preset, load_preset
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.recipes.train_diffusion import train_diffusion
from sonoloop.recipes.train_flow import train_flow
from sonoloop.synthesis.batch import synthesize_batch
from sonoloop.synthesis.batch_options import BatchOptions, StillFile
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.stages import build_stage_2
from sonoloop.training.log import read_lines

QUIET = Console(quiet=True)
NUM_VIDEOS, VIDEO_FRAMES = 24, 64
BASELINE = "cinn"
LATENTS = {"default": "diffusion", "paper": "diffusion", "laptop": "diffusion", "tiny": "diffusion"}
"""Kind of stage 2 by preset; the flow where it is not named."""
FORMATS = {"float32": torch.float32, "bf16": torch.bfloat16}


def median_seconds(work: Callable[[], object], options: argparse.Namespace) -> float:
    """Time a piece of work to its end on the device."""
    clock = time.process_time if options.processor_time else time.perf_counter
    on_gpu = options.device.startswith("cuda")
    seconds = []
    for _ in range(options.repeats + 1):
        if on_gpu:
            torch.cuda.synchronize()
        began = clock()
        work()
        if on_gpu:
            torch.cuda.synchronize()
        seconds.append(clock() - began)
    return statistics.median(seconds[1:])


def peak_flops(dtype: torch.dtype, options: argparse.Namespace) -> float:
    """Measure operations a second of a square matrix product."""
    size = 8192 if options.device.startswith("cuda") else 2048
    one, other = (torch.randn(size, size, device=options.device, dtype=dtype) for _ in range(2))
    return 2 * size**3 / median_seconds(lambda: one @ other, options)


@contextmanager
def watched_memory(device: torch.device) -> Iterator[None]:
    """Print the most GPU memory that the block took."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    yield
    if device.type == "cuda":
        print(f"    at most {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")


def measured_preset(name: str, options: argparse.Namespace) -> Preset:
    """Load a preset, with critics, shortened."""
    preset = load_preset(name)
    overrides: dict[str, object] = {}
    for section in ("autoencoder_training", "diffusion_training", "flow_training"):
        overrides |= {
            f"{section}.max_steps": options.steps,
            f"{section}.max_epochs": None,
            f"{section}.log_every": options.steps // 2,
            f"{section}.sample_every": 10**9,
            f"{section}.precision": "auto",
        }
    overrides["autoencoder_training.batch_size"] = options.train_batch_size
    overrides["latent_cache.encodings_per_video"] = 2
    overrides["critics.start"] = 0.0
    losses = preset.autoencoder_losses
    if not losses.patch_adversarial and not losses.temporal_adversarial:
        overrides |= {
            "autoencoder_losses.patch_adversarial": 0.03,
            "autoencoder_losses.feature_matching": 1.0,
        }
    if losses.perceptual:
        try:
            Lpips.from_weights(losses.perceptual_net)
        except UsageError:
            print(f"    without the perceptual loss: lpips-{losses.perceptual_net} is not here")
            overrides["autoencoder_losses.perceptual"] = 0.0
    return load_preset(name, overrides)


def measure_synthesis(
    name: str, preset: Preset, peaks: dict[str, float], options: argparse.Namespace
) -> None:
    """Print sampling and decoding of one loop and of batches."""
    device = torch.device(options.device)
    torch.manual_seed(0)
    autoencoder = VideoAutoencoder(preset.autoencoder).to(device).eval()
    use_channels_last(autoencoder)
    settings = preset.diffusion if LATENTS.get(name) == "diffusion" else preset.flow
    sampler = build_stage_2(settings, autoencoder.latent_shape).to(device).eval()
    config = preset.autoencoder
    shape = (config.in_channels, config.size, config.size)
    frames = torch.rand(options.batch_size, *shape, device=device) * 2 - 1

    def make(count: int) -> None:
        generators = [torch.Generator().manual_seed(item) for item in range(count)]
        latent = sampler.sample(frames[:count], generators=generators)
        noise = autoencoder.draw_speckle_noise(generators)
        autoencoder.decode(frames[:count], latent, speckle_noise=noise)

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        make(1)
    work = counter.get_total_flops()
    weights = [sum(w.numel() for w in part.parameters()) / 1e6 for part in (autoencoder, sampler)]
    print(f"    weights {weights[0]:.1f} + {weights[1]:.1f} M, a loop {work / 1e9:.1f} GFLOP")
    if options.compile:
        autoencoder.decoder.compile(mode="reduce-overhead")
        getattr(sampler, "denoiser", sampler).compile(mode="reduce-overhead")
    for precision, dtype in FORMATS.items():
        autocast = torch.autocast(device.type, dtype, enabled=dtype != torch.float32)
        with watched_memory(device), torch.inference_mode(), autocast:
            one = median_seconds(lambda: make(1), options)
            many = median_seconds(lambda: make(options.batch_size), options)
        floor = 1000 * work / peaks[precision]
        print(
            f"    synthesis, {precision}: one loop {1000 * one:.1f} ms, batches of "
            f"{options.batch_size} {options.batch_size / many:.2f} loops/s; floor {floor:.2f} ms a "
            f"loop, {peaks[precision] / work:.1f} loops/s",
            flush=True,
        )


def step_flops(preset: Preset) -> int:
    """Count the operations of a training step of one clip but for R1, which torch cannot count."""
    torch.manual_seed(0)
    model = VideoAutoencoder(preset.autoencoder)
    losses = preset.autoencoder_losses.model_copy(update={"r1": 0.0})
    config = preset.autoencoder
    lpips = Lpips.from_weights(losses.perceptual_net) if losses.perceptual else None
    modules: dict[str, nn.Module] = {AUTOENCODER: model}
    modules |= build_critics(
        preset.critics,
        in_channels=config.in_channels,
        patch=losses.patch_adversarial > 0,
        temporal=losses.temporal_adversarial > 0,
    )
    step = AutoencoderStep(config, model.latent_shape, losses, preset.critics, lpips)
    clip = torch.rand(1, config.in_channels, config.num_frames, config.size, config.size) * 2 - 1
    with FlopCounterMode(display=False) as counter:
        for _, terms in step(modules, clip, torch.Generator().manual_seed(0)):
            terms["loss"].backward()  # type: ignore[no-untyped-call]
    return int(counter.get_total_flops())


def write_dataset(folder: Path, size: int) -> None:
    """Write phantoms to train on."""
    sides: dict[str, SplitName] = {f"phantom{number}": "train" for number in range(NUM_VIDEOS)}
    with StoreWriter(folder / "store", size=size) as writer:
        for number, name in enumerate(sides):
            rng = np.random.default_rng(number)
            clip = phantom_clip(rng, size=size, num_frames=VIDEO_FRAMES)
            writer.add(Entry(name, None, name, "video"), clip, np.arange(VIDEO_FRAMES) / 25)
    write_split(folder / "split.json", sides, ratios=(1, 0, 0), seed=0)


def measure_training(
    name: str, preset: Preset, peaks: dict[str, float], options: argparse.Namespace
) -> None:
    """Print clips and latents a second, from the log that trainings write; its last line."""
    device = torch.device(options.device)
    with tempfile.TemporaryDirectory() as folder:
        dataset, runs = Path(folder) / "dataset", Path(folder)
        write_dataset(dataset, preset.clip.size)
        with watched_memory(device):
            train_autoencoder(dataset, preset, runs / "stage1", console=QUIET)
        rate = read_lines(runs / "stage1" / "log.jsonl")[-1]["clips_per_second"]
        floor = peaks["bf16"] / step_flops(preset)
        print(
            f"    stage 1 with critics, batch {options.train_batch_size}: {rate:.1f} clips/s; "
            f"floor {floor:.0f} clips/s in bf16",
            flush=True,
        )
        train = train_diffusion if LATENTS.get(name) == "diffusion" else train_flow
        with watched_memory(device):
            train(dataset, runs / "stage1", preset, runs / "stage2", console=QUIET)
        rate = read_lines(runs / "stage2" / "log.jsonl")[-1]["clips_per_second"]
        print(f"    stage 2 from cached latents: {rate:.0f} latents/s", flush=True)


def measure_pipeline(options: argparse.Namespace) -> None:
    """Print files in, files out."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sonoloop", "synthesize", options.still, "--out", folder]
        began, before = time.perf_counter(), children_seconds()
        subprocess.run([*command, "--model", options.model], check=True, capture_output=True)
        print(
            f"new process to a loop on disk: {time.perf_counter() - began:.1f} s, "
            f"{children_seconds() - before:.1f} processor seconds"
        )
    model = ImageToVideo.from_pretrained(options.model, device=options.device)
    made: dict[str, np.ndarray] = {}
    for precision, dtype in FORMATS.items():

        def make(key: str = precision) -> None:
            made[key] = model(options.still)[0][0].astype(int)

        with torch.autocast(model.device.type, dtype, enabled=dtype != torch.float32):
            print(f"one loop, {precision}: {median_seconds(make, options):.2f} s")
    difference = np.abs(made["bf16"] - made["float32"])
    print(f"bf16 differs by {difference.mean():.2f} grey levels, at most {difference.max()}")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "stills").mkdir()
        files = []
        for number in range(options.stills):
            frame = phantom_clip(np.random.default_rng(number), size=128, num_frames=1)[0]
            path = Path(folder) / "stills" / f"still{number}.png"
            Image.fromarray(frame).save(path)
            files.append(StillFile(path, path.name))
        batch_options = BatchOptions(formats=("mp4",), batch_size=options.batch_size)
        began = time.perf_counter()
        synthesize_batch(
            model, files, Path(folder) / "loops", batch_options, advance=lambda _count: None
        )
        seconds = time.perf_counter() - began
    print(f"{len(files)} stills to mp4 files: {len(files) / seconds:.2f} loops/s")


def children_seconds() -> float:
    """Tell the processor time of the processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print the machine, then all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--presets", nargs="+", default=["default", BASELINE])
    parser.add_argument("--model", default="default")
    parser.add_argument("--still", type=Path, default=Path(get_path("ybr_color")))
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--train-batch-size", type=int, default=4)
    parser.add_argument("--steps", type=int, default=4, help="of either stage, half of them timed")
    parser.add_argument("--stills", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--processor-time", action="store_true", help="for a shared CPU")
    parser.add_argument("--compile", action="store_true", help="decoder and denoiser, CUDA graphs")
    parser.add_argument("--only", choices=("synthesis", "training", "pipeline"))
    options = parser.parse_args()
    if options.processor_time:
        torch.set_num_threads(1)
    device = torch.device(options.device)
    name = torch.cuda.get_device_name() if device.type == "cuda" else platform.machine()
    print(
        f"{name}, {os.cpu_count()} cores, {torch.get_num_threads()} threads, load "
        f"{os.getloadavg()[0]:.1f}, torch {torch.__version__}"
    )
    peaks = {key: peak_flops(dtype, options) for key, dtype in FORMATS.items()}
    print(", ".join(f"{key} product {peak / 1e12:.2f} TFLOP/s" for key, peak in peaks.items()))
    for preset_name in options.presets if options.only != "pipeline" else ():
        print(f"preset {preset_name}")
        preset = measured_preset(preset_name, options)
        if options.only != "training":
            measure_synthesis(preset_name, preset, peaks, options)
        if options.only != "synthesis":
            measure_training(preset_name, preset, peaks, options)
    if options.only in {None, "pipeline"}:
        measure_pipeline(options)


if __name__ == "__main__":
    main()
