"""Stage 2: train the diffusion model on latents of a trained autoencoder."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import torch
from lightning_fabric import Fabric
from rich.console import Console
from safetensors.torch import load_file
from torch import nn

from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.data.augmentation import to_float
from sonoloop.data.clip_sampling import ClipSet
from sonoloop.diffusion.control import temporal_energy
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.diffusion.training_step import diffusion_losses
from sonoloop.errors import UsageError
from sonoloop.layers.memory_format import use_channels_last
from sonoloop.recipes import train_autoencoder
from sonoloop.recipes.config import STAGE_1_SECTIONS, Preset, parse_preset
from sonoloop.recipes.initial_weights import start_from_run_or_model
from sonoloop.recipes.latent_cache import (
    LatentCache,
    cache_batches,
    cache_key,
    encode_clips,
    load_cache,
    save_cache,
)
from sonoloop.recipes.training_control import TrainingControl, with_control
from sonoloop.recipes.training_data import (
    TrainingData,
    fingerprint,
    fixed_clips,
    fixed_items,
    open_training_data,
)
from sonoloop.training.batches import sample_numbers
from sonoloop.training.interruption import Interruption
from sonoloop.training.launch import launch_fabric, open_shared_run
from sonoloop.training.loop import Outcome
from sonoloop.training.optimizer import build_optimizer
from sonoloop.training.precision import AsTrained
from sonoloop.training.run_folder import RunFolder, load_run
from sonoloop.training.sample_strip import write_strip
from sonoloop.training.session import run_training
from sonoloop.training.task import Learner, Losses, Task

STAGE: Final = "diffusion"
STRIP_CLIPS = 4
VALIDATION_CLIPS = 32
VALIDATION_SEED = 0
VALIDATION_REPEATS = 4
"""Noise levels drawn per held-out clip: the loss varies more over them than over clips."""


class TrainedAutoencoder(NamedTuple):
    """Stage 1 as its run left it.

    Args:
        model: With the averaged weights, in evaluation mode, on the CPU.
        preset: Its settings.
        weights_sha256: Of its weights file.
    """

    model: VideoAutoencoder
    preset: Preset
    weights_sha256: str


def train_diffusion(
    data: Path,
    autoencoder: Path,
    preset: Preset,
    out: Path,
    *,
    init: str | None = None,
    resume: bool = False,
    max_seconds: float | None = None,
    console: Console | None = None,
) -> Outcome:
    """Train stage 2 and write its run folder.

    Args:
        data: Prepared dataset.
        autoencoder: Run folder of stage 1; its clip and autoencoder settings are taken.
        preset: Settings of augmentation, latent cache and diffusion.
        out: Run folder.
        init: Run folder or model whose weights are the start; None for random ones.
        resume: Whether to go on with the run that ``out`` holds.
        max_seconds: Stop with a checkpoint after this time, encoding included; None for no limit.
        console: Where people read; standard output by default.

    Returns:
        How it ended.

    Raises:
        UsageError: If dataset, stage 1 or the run folder cannot be used.
        SonoloopError: If a loss is not finite or a checkpoint cannot be written.
    """
    interruption = Interruption(max_seconds)
    console = console or Console()
    stage_1 = load_autoencoder(autoencoder)
    taken = {section: getattr(stage_1.preset, section) for section in STAGE_1_SECTIONS}
    preset = preset.model_copy(update=taken)
    clips = open_training_data(data, preset.clip, console)
    preset = with_control(preset, clips.train)
    run_config = {
        "stage": STAGE,
        "init": init,
        "data": str(data),
        "data_fingerprint": fingerprint(data),
        "autoencoder_run": str(autoencoder),
        "autoencoder_weights_sha256": stage_1.weights_sha256,
        **preset.model_dump(mode="json"),
    }
    config = preset.diffusion_training.for_videos(len(clips.train))
    preset = preset.model_copy(update={"diffusion_training": config})
    fabric = launch_fabric(config)
    run = open_shared_run(fabric, out, run_config, resume=resume)
    torch.manual_seed(config.seed)
    model = stage_1.model.to(fabric.device)
    cache = _cached_latents(model, stage_1, clips, preset, run, fabric=fabric, console=console)
    task = diffusion_task(cache, model, clips, preset, fabric, init=init)
    return run_training(fabric, task, config, run, interruption=interruption, console=console)


def load_autoencoder(run: Path) -> TrainedAutoencoder:
    """Load stage 1 from its run folder.

    Args:
        run: The folder.

    Returns:
        Model and settings.

    Raises:
        UsageError: If the folder holds no checkpoint of stage 1, or one of another version.
    """
    config, ema_path = load_run(run)
    if config.get("stage") != train_autoencoder.STAGE:
        msg = (
            f"{run} is a run of {config.get('stage')}, not of stage 1: "
            "give the --out of 'sonoloop train autoencoder'"
        )
        raise UsageError(msg)
    sections = {name: config[name] for name in Preset.model_fields if name in config}
    preset = parse_preset(sections, source=str(run / "config.json"))
    model = VideoAutoencoder(preset.autoencoder)
    use_channels_last(model)
    try:
        model.load_state_dict(load_file(ema_path))
    except Exception as error:
        msg = f"{ema_path} does not fit its config.json ({error}): train stage 1 again"
        raise UsageError(msg) from error
    sha256 = hashlib.sha256(ema_path.read_bytes()).hexdigest()
    return TrainedAutoencoder(model.eval().requires_grad_(requires_grad=False), preset, sha256)


def _cached_latents(
    model: VideoAutoencoder,
    stage_1: TrainedAutoencoder,
    clips: TrainingData,
    preset: Preset,
    run: RunFolder,
    *,
    fabric: Fabric,
    console: Console,
) -> LatentCache:
    """Take the run folder's latents if they are still right, else encode them."""
    seed = preset.diffusion_training.seed
    parts = {
        "weights": stage_1.weights_sha256,
        "videos": clips.train.item_ids,
        "clip": preset.clip.model_dump(mode="json"),
        "augmentation": preset.augmentation.model_dump(mode="json"),
        "encodings": preset.latent_cache.encodings_per_video,
        "seed": seed,
    }
    path, key = run.path / "latents.safetensors", cache_key(parts)
    cache = load_cache(path, key)
    if cache is None and fabric.is_global_zero:
        console.print(f"encoding {len(clips.train)} videos for stage 2", highlight=False)
        cache = encode_clips(
            model,
            clips.train,
            preset.latent_cache,
            preset.augmentation,
            seed=seed,
            fabric=fabric,
            console=console,
        )
        save_cache(path, key, cache)
    fabric.barrier()
    cache = cache or load_cache(path, key)
    if cache is None:
        msg = f"{path} was not written by the first process: is the folder shared?"
        raise UsageError(msg)
    return LatentCache(*(tensor.to(fabric.device) for tensor in cache))


def diffusion_task(
    cache: LatentCache,
    autoencoder: VideoAutoencoder,
    clips: TrainingData,
    preset: Preset,
    fabric: Fabric,
    *,
    init: str | None = None,
) -> Task[LatentCache]:
    """Compose model, batches and losses of stage 2.

    Args:
        cache: Training pairs, on the device.
        autoencoder: Stage 1 on the device, for strips and held-out latents.
        clips: Training and validation videos.
        preset: Settings.
        fabric: Launched.
        init: Run folder or model whose weights are the start; None for random ones.

    Returns:
        The task; building it draws the first weights from torch's global generator.
    """
    config = preset.diffusion_training
    model = LatentDiffusion(preset.diffusion, autoencoder.latent_shape)
    if init is not None:
        start_from_run_or_model(model, init, part=STAGE)
    model.set_latent_statistics(cache.latents.cpu())
    model.set_energies(cache.energies)
    control = TrainingControl(preset.diffusion, clips.train, cache.energies)

    def batches(first_step: int) -> Iterator[LatentCache]:
        numbers = sample_numbers(
            first_step,
            config.max_steps,
            batch_size=config.batch_size,
            rank=fabric.global_rank,
            world_size=fabric.world_size,
        )
        batch_size = config.batch_size // fabric.world_size
        return cache_batches(cache, numbers, batch_size=batch_size, seed=config.seed)

    def step(
        modules: Mapping[str, nn.Module], batch: LatentCache, generator: torch.Generator
    ) -> Iterator[tuple[str, Losses]]:
        first_frame = to_float(batch.first_frames[:, None])[:, :, 0]
        told = control.of_training(batch.videos, batch.energies)
        yield STAGE, diffusion_losses(modules[STAGE], batch.latents, first_frame, generator, told)

    shown = fixed_clips(clips.validation or clips.train, STRIP_CLIPS, fabric.device)

    def sample(ema_model: nn.Module, path: Path) -> None:
        if not isinstance(ema_model, LatentDiffusion):
            raise TypeError
        first_frame = shown[:, :, 0]
        generators = [torch.Generator().manual_seed(item) for item in range(len(shown))]
        with fabric.autocast():
            latent = ema_model.sample(first_frame, generators=generators)
            made = autoencoder.decode(first_frame, latent).clip
        write_strip(path, [clip[0] for pair in zip(shown, made, strict=True) for clip in pair])

    return Task(
        title=STAGE,
        learners=[Learner(STAGE, model, build_optimizer(model, config))],
        batches=batches,
        step=step,
        sample=sample,
        validate=None
        if clips.validation is None
        else _held_out_loss(autoencoder, clips.validation, fabric, control),
    )


def _held_out_loss(
    autoencoder: VideoAutoencoder, videos: ClipSet, fabric: Fabric, control: TrainingControl
) -> Callable[[nn.Module], dict[str, float]]:
    """Encode held-out clips once; the function returned measures the same noise every time."""
    items = fixed_items(videos, VALIDATION_CLIPS)
    clip = fixed_clips(videos, VALIDATION_CLIPS, fabric.device)
    told = control.of(control.label_numbers(videos)[items], temporal_energy(clip))
    with torch.no_grad(), fabric.autocast():
        parts = torch.split(clip, STRIP_CLIPS)
        latent = torch.cat([autoencoder.encode(part).float() for part in parts])
    first_frame = clip[:, :, 0]

    def validate(ema_model: nn.Module) -> dict[str, float]:
        model = AsTrained(ema_model, fabric)
        generator = torch.Generator(fabric.device).manual_seed(VALIDATION_SEED)
        losses = [
            float(diffusion_losses(model, latent, first_frame, generator, told)["loss"])
            for _ in range(VALIDATION_REPEATS)
        ]
        return {"loss": sum(losses) / len(losses)}

    return validate
