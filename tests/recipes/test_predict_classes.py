"""Probabilities of videos, from a dataset and from a folder."""

import csv
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from sonoloop.errors import UsageError
from sonoloop.recipes.classify_options import ClassifyOptions
from sonoloop.recipes.predict_classes import predict_classes
from sonoloop.recipes.train_classifier import train_classifier

QUIET = Console(quiet=True)


@pytest.fixture(scope="session")
def run(labelled_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train one epoch."""
    out = tmp_path_factory.mktemp("runs") / "run"
    options = ClassifyOptions(
        width=4, size=32, epochs=1, batch_size=4, windows=2, precision="32-true"
    )
    train_classifier(labelled_dataset, out, options, label="label", console=QUIET)
    return out


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_a_side_of_a_dataset(run: Path, labelled_dataset: Path, tmp_path: Path) -> None:
    """One row per test video; the one without a label gets none and does not count."""
    result = predict_classes(run, labelled_dataset, tmp_path / "out" / "p.csv", console=QUIET)
    rows = _rows(tmp_path / "out" / "p.csv")
    assert [row["video"] for row in rows] == [f"video-{number}" for number in (10, 11, 12, 13)]
    assert [row["label"] for row in rows] == ["rests", "moves", "rests", ""]
    for row in rows:
        chances = {name: float(row[f"p_{name}"]) for name in ("moves", "rests")}
        assert sum(chances.values()) == pytest.approx(1, abs=2e-6)
        assert row["prediction"] == max(chances, key=lambda name: chances[name])
    right = [row["prediction"] == row["label"] for row in rows if row["label"]]
    assert result.figures["accuracy"] == pytest.approx(np.mean(right))
    assert (result.num_videos, result.failures, result.missing) == (4, 0, ())


def test_windows_of_a_video_count_together(
    run: Path, labelled_dataset: Path, tmp_path: Path
) -> None:
    """Video 3 is long and has two windows."""
    predict_classes(run, labelled_dataset, tmp_path / "p.csv", split="train", console=QUIET)
    windows = {row["video"]: row["windows"] for row in _rows(tmp_path / "p.csv")}
    assert windows["video-3"] == "2"
    assert windows["video-2"] == "1"


def test_clips_of_any_origin(run: Path, tmp_path: Path) -> None:
    """An array of any shape is one window; a file that is none is skipped and counted."""
    folder = tmp_path / "clips"
    folder.mkdir()
    np.save(folder / "a.npy", np.zeros((20, 40, 50), np.uint8))
    (folder / "b.mp4").write_bytes(b"no video")
    result = predict_classes(run, folder, tmp_path / "p.csv", console=QUIET)
    (row,) = _rows(tmp_path / "p.csv")
    assert (row["video"], row["label"], row["windows"]) == ("a.npy", "", "1")
    assert (result.num_videos, result.failures, result.figures) == (1, 1, {})


def test_a_folder_without_clips_is_refused(run: Path, tmp_path: Path) -> None:
    """And no table is left behind."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds 0 usable clips, at least 1 are needed"):
        predict_classes(run, tmp_path / "empty", tmp_path / "p.csv", console=QUIET)
    assert not (tmp_path / "p.csv").exists()
