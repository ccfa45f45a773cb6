"""Parts of a batch, one by one, give the gradients of the whole: both stages, critics too."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from rich.console import Console
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_pre_hook

from sonoloop.errors import UsageError
from sonoloop.recipes.config import Preset, load_preset
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.recipes.train_conditioner import train_conditioner
from sonoloop.recipes.train_diffusion import train_diffusion
from sonoloop.recipes.train_flow import train_flow
from sonoloop.training.log import read_lines

QUIET = Console(quiet=True)
LARGEST_ERROR = 1e-6
EXACT = {
    "batch_size": 4,
    "max_steps": 1,
    "sample_every": 100,
    "log_every": 1,
    "optimizer": "sgd",  # Adam's first steps make a sign of a gradient near zero
    "precision": "32-true",
}
CRITICS = {
    "autoencoder.encoder_widths": [4, 4, 4, 4],
    "autoencoder.residual_blur": 2.0,
    "augmentation.rotation_degrees": 5.0,
    "augmentation.contrast": 0.2,
    "autoencoder_losses.kl": 1e-3,
    "autoencoder_losses.patch_adversarial": 0.1,
    "autoencoder_losses.temporal_adversarial": 0.1,
    "autoencoder_losses.feature_matching": 1.0,
    "autoencoder_losses.r1": 1.0,
    "critics.start": 0.0,
    "critics.patch_width": 4,
    "critics.temporal_widths": [4, 4, 4, 4],
}
LATENTS = {
    "latent_cache.encodings_per_video": 2,
    "latent_cache.posterior": "sample",
    "diffusion.dropout": 0.2,
    "diffusion.condition_dropout": 0.3,
    "control": True,
}


def preset(parts: int, **changed: object) -> Preset:
    """Return preset tiny with everything random in it, its batches in parts."""
    sections = ("autoencoder_training", "diffusion_training", "flow_training")
    training = EXACT | {"accumulate_grad_batches": parts}
    shared = {f"{section}.{key}": value for section in sections for key, value in training.items()}
    return load_preset("tiny", {**shared, **CRITICS, **LATENTS, **changed})


@pytest.fixture(autouse=True)
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compute in double precision, so that no rounding hides a mistake."""
    monkeypatch.setattr(Tensor, "float", Tensor.double)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@contextmanager
def gradients_seen() -> Iterator[list[Tensor]]:
    """Collect the gradient of every optimiser step, all weights in one vector."""
    seen: list[Tensor] = []

    def look(optimizer: Optimizer, _arguments: object, _named: object) -> None:
        weights = [weight for group in optimizer.param_groups for weight in group["params"]]
        gradients = [torch.zeros_like(w) if w.grad is None else w.grad for w in weights]
        seen.append(torch.cat([gradient.flatten() for gradient in gradients]))

    handle = register_optimizer_step_pre_hook(look)
    try:
        yield seen
    finally:
        handle.remove()


def losses(run: Path) -> list[dict[str, float]]:
    """Read the training losses of every step."""
    return [line["losses"] for line in read_lines(run / "log.jsonl") if "losses" in line]


def largest_error(train: Callable[[int], object], parts: int, updates: int) -> float:
    """Return the largest difference of a gradient, over the norm of the whole batch's."""
    found = []
    for count in (1, parts):
        with gradients_seen() as seen:
            train(count)
        assert len(seen) == updates
        found.append(seen)
    assert all(gradient.norm() > 0 for gradient in found[0])
    return max(
        float((whole - summed).norm() / whole.norm()) for whole, summed in zip(*found, strict=True)
    )


@pytest.mark.parametrize(
    ("decoder", "parts", "steps"),
    [
        ("warp", 2, 1),
        pytest.param("warp", 4, 3, marks=pytest.mark.slow),
        pytest.param("spade", 2, 2, marks=pytest.mark.slow),
    ],
)
def test_stage_1_with_both_critics(
    dataset: Path, tmp_path: Path, decoder: str, parts: int, steps: int
) -> None:
    """Spectral norms, R1, feature matching and new speckle included."""
    is_warp = decoder == "warp"
    changed = {
        "autoencoder.decoder": decoder,
        "autoencoder.latent": "grid" if is_warp else "vector",
        "autoencoder.speckle": 0.5 if is_warp else 0.0,
        "autoencoder_training.max_steps": steps,
    }

    def train(count: int) -> None:
        train_autoencoder(dataset, preset(count, **changed), tmp_path / str(count), console=QUIET)

    assert largest_error(train, parts, 3 * steps) < LARGEST_ERROR
    whole, summed = (losses(tmp_path / str(count)) for count in (1, parts))
    assert {"patch_critic.loss", "temporal_critic.r1", "feature_matching"} <= whole[0].keys()
    for expected, found in zip(whole, summed, strict=True):
        assert found == pytest.approx(expected, rel=LARGEST_ERROR)


@pytest.mark.parametrize("kind", ["diffusion", pytest.param("flow", marks=pytest.mark.slow)])
def test_stage_2(dataset: Path, tmp_path: Path, kind: str) -> None:
    """Dropout, sampled latents and control included."""
    stage_1 = tmp_path / "stage1"
    train_autoencoder(dataset, preset(1), stage_1, max_seconds=0.0, console=QUIET)
    recipe = {"diffusion": train_diffusion, "flow": train_flow}[kind]

    def train(count: int) -> None:
        recipe(dataset, stage_1, preset(count), tmp_path / str(count), console=QUIET)

    assert largest_error(train, 2, 1) < LARGEST_ERROR
    assert losses(tmp_path / "2")[0] == pytest.approx(losses(tmp_path / "1")[0], rel=LARGEST_ERROR)


def test_batch_normalisation_needs_the_batch_whole(dataset: Path, tmp_path: Path) -> None:
    """The conditioner refuses parts before anything is written."""
    parts = {"conditioner_training.accumulate_grad_batches": 2}
    with pytest.raises(UsageError, match="is 2: batch normalisation needs the batch whole"):
        train_conditioner(dataset, preset(1, **parts), tmp_path / "run", console=QUIET)
    assert not (tmp_path / "run").exists()
