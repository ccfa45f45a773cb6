"""What the kinds of stage 2 share."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from sonoloop.recipes.config import Preset
from sonoloop.recipes.second_stage import SecondStageRecipe
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.recipes.train_diffusion import compose_diffusion
from sonoloop.recipes.train_flow import compose_flow

RECIPES = {
    "diffusion": SecondStageRecipe("diffusion", compose_diffusion),
    "flow": SecondStageRecipe("flow", compose_flow),
}


@pytest.mark.parametrize("name", RECIPES)
def test_each_kind_takes_its_own_training_section(
    name: str, dataset: Path, small: Preset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Number of steps by epochs, the stage on record, latents encoded once."""
    quiet = Console(quiet=True)
    train_autoencoder(dataset, small, tmp_path / "stage1", max_seconds=0.0, console=quiet)
    section = f"{name}_training"
    training = getattr(small, section).model_copy(update={"max_epochs": 1})
    preset = small.model_copy(update={section: training})
    console = Console(width=200)
    run, recipe = tmp_path / "run", RECIPES[name]
    outcome = recipe.train(dataset, tmp_path / "stage1", preset, run, console=console)
    assert outcome.step == 2  # four videos, two a step
    assert json.loads((run / "config.json").read_text())["stage"] == name
    assert "encoding 4 videos" in capsys.readouterr().out
    recipe.train(dataset, tmp_path / "stage1", preset, run, resume=True, console=console)
    text = capsys.readouterr().out
    assert "encoding" not in text
    assert f"{name}: done after 2 steps" in text
