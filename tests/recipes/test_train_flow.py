"""The baseline's stage 2 on the latents of a trained stage 1."""

import math
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file

from sonoloop.recipes.config import Preset
from sonoloop.recipes.latent_cache import LatentCache
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.recipes.train_flow import compose_flow, train_flow
from sonoloop.recipes.training_data import open_training_data
from sonoloop.training.log import read_lines
from sonoloop.training.run_folder import load_run

QUIET = Console(quiet=True)


@pytest.fixture
def stage_1(dataset: Path, small: Preset, tmp_path: Path) -> Path:
    """Train stage 1 for a step."""
    run = tmp_path / "autoencoder"
    train_autoencoder(dataset, small, run, max_seconds=0.0, console=QUIET)
    return run


@pytest.mark.parametrize("posterior", ["mean", "sample"])
def test_resumed_training_equals_uninterrupted_one(
    dataset: Path, small: Preset, stage_1: Path, tmp_path: Path, posterior: str
) -> None:
    """The run folder is complete; the noise of the posterior follows from the step."""
    latent_cache = small.latent_cache.model_copy(update={"posterior": posterior})
    preset = small.model_copy(update={"latent_cache": latent_cache})
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert train_flow(dataset, stage_1, preset, whole, console=QUIET).step == 6
    train_flow(dataset, stage_1, preset, parts, max_seconds=0.0, console=QUIET)
    train_flow(dataset, stage_1, preset, parts, resume=True, console=QUIET)
    lines = [
        [line["losses"] for line in read_lines(run / "log.jsonl") if "losses" in line]
        for run in (whole, parts)
    ]
    assert lines[0] == lines[1]
    assert {"loss", "half_squared_norm", "log_determinant"} <= lines[0][0].keys()
    validation = [line for line in read_lines(whole / "log.jsonl") if "validation" in line]
    assert [line["step"] for line in validation] == [4, 6]
    assert (whole / "samples" / "step-00000006.png").is_file()


def test_flow_starts_normalised_to_its_latents(
    dataset: Path, small: Preset, stage_1: Path, tmp_path: Path
) -> None:
    """At the start the noise's squared norm is about its length; without that it is not."""
    shape = (4, 4, 4, 4)
    torch.manual_seed(0)
    latents = 30 + 7 * torch.randn(40, *shape)
    frames = torch.randint(0, 256, (40, 64, 64), dtype=torch.uint8)
    numbers = torch.arange(40)
    cache = LatentCache(latents, frames, numbers, numbers.float(), torch.zeros_like(latents))
    clips = open_training_data(dataset, small.clip, QUIET)
    stage_2 = compose_flow(small, cache, clips, shape, None)
    losses = stage_2.losses(stage_2.model.eval(), cache, torch.Generator().manual_seed(0))
    length = math.prod(shape)
    assert losses["half_squared_norm"].item() == pytest.approx(length / 2, rel=0.3)
    run = tmp_path / "flow"
    train_flow(dataset, stage_1, small, run, console=QUIET)
    started = compose_flow(small, cache, clips, shape, str(run))
    stored = load_file(load_run(run).ema_path)
    assert all(torch.equal(value, stored[key]) for key, value in started.model.state_dict().items())
