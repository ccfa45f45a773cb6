"""Both stages and the model, in pieces."""

import io
from pathlib import Path

from rich.console import Console
from safetensors.torch import load_file

from sonoloop.recipes.config import Preset
from sonoloop.recipes.train_both import train_both
from sonoloop.training.log import read_lines

QUIET = Console(quiet=True)


def test_pieces_make_the_model_of_one_go(dataset: Path, small: Preset, tmp_path: Path) -> None:
    """One step a piece at first: the same weights in the end, and nothing is done twice."""
    training = small.autoencoder_training.model_copy(update={"max_steps": 2})
    update = {"autoencoder_training": training, "diffusion_training": training}
    preset = small.model_copy(update=update)
    whole, parts = tmp_path / "whole" / "m", tmp_path / "parts" / "m"
    assert train_both(dataset, preset, whole, console=QUIET) is None
    for _ in range(2):
        assert train_both(dataset, preset, parts, max_seconds=0.0, console=QUIET) == (
            "the 0 seconds given are over"
        )
        assert not (parts / "model").exists()
    steps = [line["step"] for line in read_lines(parts / "stage1" / "log.jsonl")]
    assert steps[-1] == 2
    assert train_both(dataset, preset, parts, console=QUIET) is None
    models = [load_file(place / "model" / "weights.safetensors") for place in (whole, parts)]
    assert models[0].keys() == models[1].keys()
    assert all(models[0][name].equal(models[1][name]) for name in models[0])
    text = io.StringIO()
    assert train_both(dataset, preset, parts, console=Console(file=text, width=200)) is None
    assert "encoding" not in text.getvalue()
    assert "from step 2 to 2" in text.getvalue()
