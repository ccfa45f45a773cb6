"""Stage 2's batches, losses and validation."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
import torch
from rich.console import Console
from torch import nn

from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.recipes.config import Preset
from sonoloop.recipes.latent_cache import LatentCache, encode_fixed_clips
from sonoloop.recipes.latent_task import VALIDATION_REPEATS, SecondStage, latent_task
from sonoloop.recipes.training_data import open_training_data
from sonoloop.training.launch import launch_fabric
from sonoloop.training.task import Losses, Task


@pytest.fixture
def seen() -> list[LatentCache]:
    """Collect the batches that losses were asked for."""
    return []


def make(
    dataset: Path, preset: Preset, seen: list[LatentCache]
) -> tuple[Task[LatentCache], LatentCache, nn.Module]:
    """Compose a task whose loss is the mean latent; return it with its cache and model."""
    torch.manual_seed(0)
    fabric = launch_fabric(preset.flow_training)
    clips = open_training_data(dataset, preset.clip, Console(quiet=True))
    autoencoder = VideoAutoencoder(preset.autoencoder).eval().requires_grad_(requires_grad=False)
    cache = encode_fixed_clips(autoencoder, clips.train, 4, fabric)
    model = nn.Linear(1, 1)

    def losses(module: nn.Module, batch: LatentCache, generator: torch.Generator) -> Losses:
        del module, generator
        seen.append(batch)
        return {"loss": batch.latents.mean()}

    stage_2 = SecondStage(model, losses, losses)
    training = preset.flow_training
    task = latent_task("flow", stage_2, cache, autoencoder, clips, preset, training, fabric)
    return task, cache, model


def step_once(task: Task[LatentCache], model: nn.Module) -> Iterator[tuple[str, Losses]]:
    """Run the first step."""
    [batch] = islice(task.batches(0), 1)
    return task.step({"flow": model}, batch, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("posterior", ["mean", "sample"])
def test_latents_are_means_or_draws(
    dataset: Path, small: Preset, seen: list[LatentCache], posterior: str
) -> None:
    """A training batch holds what the cache holds, or that with the posterior's noise."""
    latent_cache = small.latent_cache.model_copy(update={"posterior": posterior})
    preset = small.model_copy(update={"latent_cache": latent_cache})
    task, cache, model = make(dataset, preset, seen)
    [(name, losses)] = step_once(task, model)
    assert name == "flow"
    assert losses["loss"] == seen[0].latents.mean()
    difference = seen[0].latents - cache.latents[seen[0].videos]
    assert bool(difference.any()) == (posterior == "sample")
    assert (difference.abs() <= 6 * seen[0].latent_stds).all()


def test_validation_measures_the_same_every_time(
    dataset: Path, small: Preset, seen: list[LatentCache]
) -> None:
    """Fixed noise, averaged over several draws."""
    latent_cache = small.latent_cache.model_copy(update={"posterior": "sample"})
    task, _, model = make(dataset, small.model_copy(update={"latent_cache": latent_cache}), seen)
    assert task.validate is not None
    first, second = task.validate(model), task.validate(model)
    assert first == second
    assert len(seen) == 2 * VALIDATION_REPEATS
    expected = sum(batch.latents.mean().item() for batch in seen[:VALIDATION_REPEATS])
    assert first["loss"] == pytest.approx(expected / VALIDATION_REPEATS)
