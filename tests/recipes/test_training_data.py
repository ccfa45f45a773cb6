"""What both stages do with a dataset."""

import io
import json
import shutil
from pathlib import Path

import pytest
import torch
from rich.console import Console

from sonoloop.data.config import ClipConfig
from sonoloop.errors import UsageError
from sonoloop.recipes.training_data import fixed_clips, open_training_data

QUIET = Console(quiet=True)


def move_all(dataset: Path, target: Path, side: str) -> Path:
    """Copy a dataset with every item on one side."""
    shutil.copytree(dataset, target)
    split = json.loads((target / "split.json").read_text())
    split["items"] = dict.fromkeys(split["items"], side)
    (target / "split.json").write_text(json.dumps(split))
    return target


def test_both_sides_are_opened(dataset: Path) -> None:
    """Four videos to train on, one held out."""
    train, validation = open_training_data(dataset, ClipConfig(size=64), QUIET)
    assert len(train) == 4
    assert validation is not None
    assert len(validation) == 1


def test_missing_validation_is_said(dataset: Path, tmp_path: Path) -> None:
    """Training goes on without, and says so."""
    file = io.StringIO()
    everything = move_all(dataset, tmp_path / "all", "train")
    data = open_training_data(everything, ClipConfig(size=64), Console(file=file, width=300))
    assert data.validation is None
    assert file.getvalue().startswith("no validation losses: ")


def test_nothing_to_train_on_is_refused(dataset: Path, tmp_path: Path) -> None:
    """A usage error that names the split."""
    nothing = move_all(dataset, tmp_path / "none", "validation")
    with pytest.raises(UsageError, match="train split holds no videos"):
        open_training_data(nothing, ClipConfig(size=64), QUIET)


@pytest.mark.parametrize(("count", "expected"), [(2, 2), (100, 4)])
def test_fixed_clips_are_fixed(dataset: Path, count: int, expected: int) -> None:
    """The same clips at every call, no more than there are videos."""
    train, _ = open_training_data(dataset, ClipConfig(size=64), QUIET)
    clips = fixed_clips(train, count, torch.device("cpu"))
    assert clips.shape == (expected, 1, 16, 64, 64)
    assert torch.equal(clips, fixed_clips(train, count, torch.device("cpu")))
