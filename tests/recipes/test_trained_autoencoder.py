"""Stage 1 comes back from its run folder."""

import json
from pathlib import Path

import pytest
import torch
from rich.console import Console

from sonoloop.checksums import SUMS_FILE
from sonoloop.errors import UsageError
from sonoloop.recipes.config import Preset
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.recipes.train_diffusion import train_diffusion
from sonoloop.recipes.trained_autoencoder import load_autoencoder

QUIET = Console(quiet=True)


@pytest.fixture
def stage_1(dataset: Path, small: Preset, tmp_path: Path) -> Path:
    """Train stage 1 for a step."""
    run = tmp_path / "autoencoder"
    train_autoencoder(dataset, small, run, max_seconds=0.0, console=QUIET)
    return run


def test_stage_1_is_loaded_with_its_averages(stage_1: Path, small: Preset) -> None:
    """Ready to encode: evaluation mode, no gradients, the run's settings."""
    model, preset, sha256 = load_autoencoder(stage_1)
    assert preset.autoencoder == small.autoencoder
    assert not model.training
    assert not any(weight.requires_grad for weight in model.parameters())
    assert len(sha256) == 64
    assert model.encode(torch.zeros(1, 1, 16, 64, 64)).shape == (1, *model.latent_shape)


def test_wrong_run_is_refused(dataset: Path, small: Preset, stage_1: Path, tmp_path: Path) -> None:
    """A run of stage 2, and one whose weights do not fit its config."""
    run = tmp_path / "diffusion"
    train_diffusion(dataset, stage_1, small, run, max_seconds=0.0, console=QUIET)
    with pytest.raises(UsageError, match="is a run of diffusion, not of stage 1"):
        load_autoencoder(run)
    config = json.loads((stage_1 / "config.json").read_text())
    config["autoencoder"]["decoder_width"] = 8
    (stage_1 / "config.json").write_text(json.dumps(config))
    (stage_1 / SUMS_FILE).unlink()
    with pytest.raises(UsageError, match="does not fit"):
        load_autoencoder(stage_1)


def test_the_cinn_s_stage_1_is_trained_and_loaded(
    dataset: Path, small: Preset, tmp_path: Path
) -> None:
    """Its spectral norms survive checkpoint, resumption and loading: it decodes alike."""
    changes = {
        "encoder": "cinn",
        "encoder_stem": 4,
        "latent": "vector",
        "latent_channels": 8,
        "decoder": "spade",
        "decoder_width": 4,
    }
    autoencoder = small.autoencoder.model_copy(update=changes)
    preset = small.model_copy(update={"autoencoder": autoencoder})
    run = tmp_path / "cinn"
    train_autoencoder(dataset, preset, run, max_seconds=0.0, console=QUIET)
    assert train_autoencoder(dataset, preset, run, resume=True, console=QUIET).step == 6
    still, latent = torch.rand(1, 1, 64, 64), torch.randn(1, 8)
    one, two = (load_autoencoder(run).model.decode(still, latent).clip for _ in range(2))
    assert torch.equal(one, two)
    assert one[:, :, 1:].std() > 0
