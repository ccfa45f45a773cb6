"""Stage 2 on the latents of a trained stage 1."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image
from rich.console import Console
from safetensors.torch import load_file

from sonoloop.errors import UsageError
from sonoloop.recipes.config import Preset
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.recipes.train_diffusion import train_diffusion
from sonoloop.training.log import read_lines
from sonoloop.training.run_folder import load_run

QUIET = Console(quiet=True)


@pytest.fixture
def stage_1(dataset: Path, small: Preset, tmp_path: Path) -> Path:
    """Train stage 1 for a step."""
    run = tmp_path / "autoencoder"
    train_autoencoder(dataset, small, run, max_seconds=0.0, console=QUIET)
    return run


def losses(run: Path) -> list[object]:
    """Read every line's losses, training and validation, without times."""
    return [
        (line["step"], line.get("losses"), line.get("validation"))
        for line in read_lines(run / "log.jsonl")
    ]


def test_run_folder_is_complete(
    dataset: Path, small: Preset, stage_1: Path, tmp_path: Path
) -> None:
    """Stage 1's settings and weights are on record, latents are cached, a strip is drawn."""
    run = tmp_path / "diffusion"
    preset = small.model_copy(update={"autoencoder": Preset().autoencoder})  # not the run's
    assert train_diffusion(dataset, stage_1, preset, run, console=QUIET).step == 6
    config = json.loads((run / "config.json").read_text())
    assert config["autoencoder"] == small.autoencoder.model_dump(mode="json")
    assert len(config["autoencoder_weights_sha256"]) == 64
    latents = load_file(run / "latents.safetensors")["latents"]
    assert len(latents) == 4 * 2
    with Image.open(run / "samples" / "step-00000006.png") as strip:
        assert strip.size == (8 * 64, 2 * 64 + 2)
    assert [line["step"] for line in read_lines(run / "log.jsonl") if "validation" in line] == [
        4,
        6,
    ]


def test_resumed_training_equals_uninterrupted_one(
    dataset: Path, small: Preset, stage_1: Path, tmp_path: Path
) -> None:
    """Stopped after the first step, with the cache taken over or made anew, or before it."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train_diffusion(dataset, stage_1, small, whole, console=QUIET)
    train_diffusion(dataset, stage_1, small, parts, max_seconds=0.0, console=QUIET)
    anew = shutil.copytree(parts, tmp_path / "anew")
    (anew / "latents.safetensors").unlink()
    before = shutil.copytree(parts, tmp_path / "before")
    shutil.rmtree(before / "checkpoints")
    for run in (parts, anew, before):
        train_diffusion(dataset, stage_1, small, run, resume=True, console=QUIET)
        expected = [line for line in losses(whole) if line[1] is not None]  # type: ignore[index]
        assert [line for line in losses(run) if line[1] is not None] == expected  # type: ignore[index]


def test_stage_1_trained_on_is_refused(
    dataset: Path, small: Preset, stage_1: Path, tmp_path: Path
) -> None:
    """Stage 2 must not go on with another stage 1 than it began with."""
    run = tmp_path / "diffusion"
    train_diffusion(dataset, stage_1, small, run, max_seconds=0.0, console=QUIET)
    train_autoencoder(dataset, small, stage_1, resume=True, console=QUIET)
    with pytest.raises(UsageError, match="was trained with autoencoder_weights_sha256"):
        train_diffusion(dataset, stage_1, small, run, resume=True, console=QUIET)


def test_other_weights_can_be_the_start(
    dataset: Path, small: Preset, stage_1: Path, tmp_path: Path
) -> None:
    """The first step's loss is the loss the start's weights have, not that of random ones."""
    training = small.diffusion_training.model_copy(update={"learning_rate": 1e-12, "max_steps": 1})
    still = small.model_copy(update={"diffusion_training": training})
    train_diffusion(dataset, stage_1, small, tmp_path / "first", console=QUIET)
    train_diffusion(
        dataset, stage_1, still, tmp_path / "second", init=str(tmp_path / "first"), console=QUIET
    )
    one, two = (load_file(load_run(tmp_path / name).ema_path) for name in ("first", "second"))
    assert one.keys() == two.keys()
    assert all(torch.allclose(one[key], two[key], atol=1e-6) for key in one)


def test_control_can_be_learnt_from_a_start_without_it(
    dataset: Path, small: Preset, stage_1: Path, tmp_path: Path
) -> None:
    """Motion strength is on record, energies lie with the weights; one label is no choice."""
    plain, controlled = tmp_path / "plain", tmp_path / "controlled"
    train_diffusion(dataset, stage_1, small, plain, console=QUIET)
    asked = small.model_copy(update={"control": True})
    train_diffusion(dataset, stage_1, asked, controlled, init=str(plain), console=QUIET)
    config = json.loads((controlled / "config.json").read_text())
    assert (config["diffusion"]["motion"], config["diffusion"]["labels"]) == (True, [])
    weights = load_file(load_run(controlled).ema_path)
    energies = load_file(controlled / "latents.safetensors")["energies"]
    assert weights["energy_quantiles"][-1] == energies.max()
    assert weights.keys() - load_file(load_run(plain).ema_path).keys() == {
        "energy_quantiles",
        *(f"control_encoder.motion.{name}" for name in ("first.weight", "first.bias")),
        *(f"control_encoder.motion.{name}" for name in ("second.weight", "second.bias")),
    }
