"""What decides the bytes of a loop, and how little the rest changes: docs/determinism.md."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils._python_dispatch import TorchDispatchMode

from sonoloop.autoencoder.config import AutoencoderConfig, AutoencoderLossConfig, CriticConfig
from sonoloop.autoencoder.critics import build_critics
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.autoencoder.training_step import AutoencoderStep
from sonoloop.data.recording import Frames
from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.diffusion.training_step import diffusion_losses
from sonoloop.recipes.torch_threads import torch_threads
from sonoloop.synthesis.batch import synthesize_batch
from sonoloop.synthesis.batch_options import BatchOptions, StillFile
from sonoloop.synthesis.image_to_video import ImageToVideo

BATCH_SIZE, NUM_STILLS = 3, 6
LEAST_PSNR_DB = 60.0
Loops = dict[str, Frames]
Make = Callable[..., Loops]


def write_stills(folder: Path) -> list[Path]:
    """Write stills of smoothed noise, each of its own size."""
    folder.mkdir(parents=True)
    paths = []
    for number in range(NUM_STILLS):
        rng = np.random.default_rng(number)
        small = rng.integers(20, 200, (24, 20 + number), dtype=np.uint8)
        path = folder / f"still-{number}.png"
        Image.fromarray(small).resize((90 + number, 70), Image.Resampling.BICUBIC).save(path)
        paths.append(path)
    return paths


def read_loops(out: Path) -> Loops:
    """Read the loops by the names of their stills."""
    loops = {path.name.rsplit("-", 1)[0]: np.load(path) for path in sorted(out.glob("*.npy"))}
    assert all(loop.shape[0] == 16 for loop in loops.values())
    return loops


@pytest.fixture
def make(model_folder: Path, tmp_path: Path) -> Make:
    """Return a function that animates stills in this process."""
    stills = write_stills(tmp_path / "stills")
    loaded: dict[str, ImageToVideo] = {}

    def run(
        name: str,
        order: Sequence[int] = range(NUM_STILLS),
        *,
        model: str = str(model_folder),
        batch_size: int = BATCH_SIZE,
        threads: int = 1,
    ) -> Loops:
        options = BatchOptions(num_samples=1, seed=7, formats=("npy",), batch_size=batch_size)
        out = tmp_path / name
        chosen = [stills[number] for number in order]
        out.mkdir()
        if model not in loaded:
            loaded[model] = ImageToVideo.from_pretrained(model, device="cpu")
        files = [StillFile(path, path.name) for path in chosen]
        with torch_threads(threads):
            synthesize_batch(loaded[model], files, out, options, advance=lambda _: None)
        return read_loops(out)

    return run


def are_equal(some: Loops, others: Loops) -> bool:
    """Tell whether loops are the same, bit for bit."""
    assert some.keys() == others.keys()
    return all(np.array_equal(some[name], others[name]) for name in some)


def psnr_db(some: Loops, others: Loops) -> float:
    """Measure the smallest PSNR of a loop, infinite where all are equal."""
    assert some.keys() == others.keys()
    errors = [
        np.square(some[name].astype(np.float64) - others[name]).mean() for name in sorted(some)
    ]
    return float("inf") if max(errors) == 0 else 10 * np.log10(255**2 / max(errors))


def test_neither_order_nor_neighbours_matter(make: Make) -> None:
    """At one batch shape and thread count: the same bytes, whatever stands beside a still."""
    loops = make("all")
    assert len(loops) == NUM_STILLS
    assert are_equal(make("reversed", range(NUM_STILLS)[::-1]), loops)
    assert are_equal(make("shuffled", (4, 0, 3, 5, 2, 1)), loops)
    parts = make("one part", (0, 2, 4)) | make("other part", (1, 3, 5))
    assert are_equal(parts, loops)
    assert not np.array_equal(loops["still-0"][:, :70, :90], loops["still-1"][:, :70, :90])


@pytest.mark.parametrize(
    "model", [None, pytest.param("default", marks=pytest.mark.slow)], ids=["tiny", "bundled"]
)
def test_shape_and_threads_change_the_last_bits_alone(
    make: Make, monkeypatch: pytest.MonkeyPatch, model: str | None
) -> None:
    """The same noise, and a PSNR of 60 dB or more in grey levels of 8 bits."""
    draw, drawn = torch.randn, set()

    def note(*shape: object, **named: object) -> torch.Tensor:
        noise = draw(*shape, **named)  # type: ignore[call-overload]
        drawn.add(hashlib.sha256(noise.numpy().tobytes()).hexdigest())
        return noise  # type: ignore[no-any-return]

    monkeypatch.setattr(torch, "randn", note)
    chosen = {} if model is None else {"model": model}
    loops, noise = make("here", **chosen), set(drawn)
    assert len(noise) >= NUM_STILLS
    for name, setting in {
        "one by one": {"batch_size": 1},
        "four and two": {"batch_size": 4},
        "two threads": {"threads": 2},
    }.items():
        drawn.clear()
        assert psnr_db(make(name, **setting, **chosen), loops) >= LEAST_PSNR_DB
        assert drawn == noise


@pytest.mark.slow
@pytest.mark.parametrize("model", ["tiny", "default"])
def test_another_process_and_another_processor(
    make: Make, model_folder: Path, tmp_path: Path, model: str
) -> None:
    """With --threads the same bytes, whatever torch would choose; without AVX 60 dB or more."""
    name = str(model_folder) if model == "tiny" else model
    loops = make("here", model=name)

    def run(out: str, **environment: str) -> Loops:
        words = ["synthesize", *sorted(map(str, (tmp_path / "stills").iterdir()))]
        words += ["--model", name, "--out", str(tmp_path / out), "--formats", "npy", "--seed", "7"]
        words += ["--batch-size", str(BATCH_SIZE), "--threads", "1"]
        command = [sys.executable, "-m", "sonoloop", *words]
        subprocess.run(
            command, check=True, capture_output=True, env=os.environ | environment, timeout=600
        )
        return read_loops(tmp_path / out)

    assert are_equal(run("two threads by default", OMP_NUM_THREADS="2"), loops)
    old = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"}
    assert psnr_db(run("old processor", **old), loops) >= LEAST_PSNR_DB


class Operations(TorchDispatchMode):
    """Notes what torch computes, backward passes included."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.seen: set[str] = set()

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401
        types: Any,  # noqa: ANN401
        args: Any = (),  # noqa: ANN401
        kwargs: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Note and do."""
        self.seen.add(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


RAISING = {
    *(f"grid_sampler_{n}d_backward" for n in (2, 3)),
    *(f"reflection_pad{n}d_backward" for n in (1, 2, 3)),
    *("upsample_linear1d_backward", "upsample_trilinear3d_backward"),
    *("upsample_bilinear2d_backward", "upsample_bicubic2d_backward"),
    *("avg_pool3d_backward", "_adaptive_avg_pool2d_backward", "_adaptive_avg_pool3d_backward"),
    *("adaptive_max_pool2d_backward", "fractional_max_pool2d_backward", "nll_loss2d_forward"),
    *("put_", "histc", "bincount", "cumsum", "_ctc_loss_backward"),
}
"""Operations for which torch.use_deterministic_algorithms(True) raises on CUDA, by its
documentation (torch 2.13), as torch names them inside."""
NAMES = {
    "grid_sampler_2d_backward": "`grid_sample`",
    "upsample_trilinear3d_backward": "`interpolate`, trilinear",
    "avg_pool3d_backward": "`avg_pool3d`",
    "_adaptive_avg_pool2d_backward": "`adaptive_avg_pool2d`",
}


def of_stage_1(decoder: str) -> set[str]:
    """Take a step of stage 1 with both critics."""
    size, num_frames = (64, 16) if decoder == "spade" else (32, 8)
    config = AutoencoderConfig(
        size=size,
        num_frames=num_frames,
        encoder_widths=(4, 8, 8, 8),
        decoder_width=8,
        decoder=decoder,
        latent="vector" if decoder == "spade" else "grid",
        speckle=0.5 if decoder == "warp" else 0.0,
        residual_blur=2.0,
    )
    looks = CriticConfig(patch_width=4, temporal_widths=(4, 4, 4, 4), temporal_frames=8)
    losses = AutoencoderLossConfig(
        patch_adversarial=0.1, temporal_adversarial=0.1, feature_matching=1.0, r1=1.0
    )
    model = VideoAutoencoder(config)
    critics = build_critics(looks, in_channels=1, patch=True, temporal=True)
    step = AutoencoderStep(config, model.latent_shape, losses, looks)
    clip = torch.rand(2, 1, num_frames, size, size) * 2 - 1
    with Operations() as operations:
        for _, named in step({"autoencoder": model, **critics}, clip, torch.Generator()):
            named["loss"].backward()
    return operations.seen


def of_stage_2() -> set[str]:
    """Take a step of the diffusion model."""
    config = DiffusionConfig(width=16, depth=1, heads=2, condition_widths=(8, 8))
    model = LatentDiffusion(config, (4, 4, 4, 4))
    latent, frame = torch.randn(2, 4, 4, 4, 4), torch.rand(2, 1, 64, 64)
    with Operations() as operations:
        diffusion_losses(model, latent, frame, torch.Generator())["loss"].backward()
    return operations.seen


def test_what_is_not_deterministic_on_cuda_is_named(model: ImageToVideo) -> None:
    """Of torch's list, training uses what the page says, and synthesis nothing."""
    page = (Path(__file__).parents[2] / "docs" / "determinism.md").read_text()
    pool, trilinear = "avg_pool3d_backward", "upsample_trilinear3d_backward"
    found = {decoder: of_stage_1(decoder) & RAISING for decoder in ("warp", "adain", "spade")}
    assert found["warp"] == {"grid_sampler_2d_backward", trilinear, pool}
    assert found["adain"] == {trilinear, pool}
    assert found["spade"] == {pool}
    stage_2 = of_stage_2() & RAISING
    assert stage_2 == {"_adaptive_avg_pool2d_backward"}
    for name in set().union(stage_2, *found.values()):
        assert NAMES[name] in page
    with Operations() as operations:
        model(np.random.default_rng(0).integers(1, 255, (70, 90), dtype=np.uint8))
    assert {"grid_sampler", "grid_sampler_2d"} & operations.seen
    assert not operations.seen & RAISING
