"""From a dataset with labels to a run folder, and what is refused on the way."""

import json
import shutil
from dataclasses import replace
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from sonoloop.classification.trained import load_classifier
from sonoloop.data.splits import read_split, write_split
from sonoloop.errors import UsageError
from sonoloop.recipes.classify_options import ClassifyOptions
from sonoloop.recipes.train_classifier import read_classifier_data, train_classifier
from sonoloop.training.log import read_lines

OPTIONS = ClassifyOptions(width=4, size=32, epochs=2, batch_size=4, windows=2, precision="32-true")
QUIET = Console(quiet=True)


def test_a_run_tells_what_it_learnt_from(labelled_dataset: Path, tmp_path: Path) -> None:
    """Classes, windows and figures of both epochs; what has no class is told."""
    out, text = tmp_path / "run", StringIO()
    outcome = train_classifier(
        labelled_dataset, out, OPTIONS, label="speed", classes=("rests=0", "moves=1"),
        console=Console(file=text, width=200),
    )  # fmt: skip
    assert outcome.step == 2 * 2  # six videos have a class: two batches of four
    assert load_classifier(out).config.classes == ("rests", "moves")
    data = read_classifier_data(out)
    assert (data.label, data.class_of, data.windows) == ("speed", {"0": "rests", "1": "moves"}, 2)
    assert len([line for line in read_lines(out / "log.jsonl") if "validation" in line]) == 2
    printed = text.getvalue()
    assert "train: 4 rests, 2 moves" in printed
    assert "left out: 2 videos with speed = 2" in printed
    assert "left out: 1 video with no speed" in printed


def test_a_stopped_run_goes_on(labelled_dataset: Path, tmp_path: Path) -> None:
    """Only with --resume, and then to the end."""
    out = tmp_path / "run"
    stopped = train_classifier(
        labelled_dataset, out, OPTIONS, label="label", max_seconds=1e-9, console=QUIET
    )
    assert stopped.step == 1
    with pytest.raises(UsageError, match="already holds a training run: add --resume"):
        train_classifier(labelled_dataset, out, OPTIONS, label="label", console=QUIET)
    outcome = train_classifier(
        labelled_dataset, out, OPTIONS, label="label", resume=True, console=QUIET
    )
    assert (outcome.step, outcome.stopped_by) == (4, None)


def _with_sides(dataset: Path, folder: Path, **moved: str) -> Path:
    """Copy a dataset and move single videos to another side."""
    shutil.copytree(dataset, folder)
    sides = read_split(folder / "split.json")
    sides.update({name.replace("_", "-"): side for name, side in moved.items()})
    write_split(folder / "split.json", sides, ratios=(0.6, 0.15, 0.25), seed=0)
    return folder


def test_a_class_missing_from_a_side_is_refused(labelled_dataset: Path, tmp_path: Path) -> None:
    """Test without the class "moves": counts and remedy are named, nothing is written."""
    folder = _with_sides(labelled_dataset, tmp_path / "dataset", video_11="train")
    sentence = r"its test split holds no video of moves \(0 moves, 2 rests\): prepare the dataset"
    with pytest.raises(UsageError, match=sentence):
        train_classifier(folder, tmp_path / "run", OPTIONS, label="label", console=QUIET)
    assert not (tmp_path / "run").exists()


def test_a_dataset_without_validation_trains_all_the_same(
    labelled_dataset: Path, tmp_path: Path
) -> None:
    """There are no held-out figures then, and early stopping is refused."""
    folder = _with_sides(labelled_dataset, tmp_path / "dataset", video_8="train", video_9="train")
    train_classifier(folder, tmp_path / "run", OPTIONS, label="label", console=QUIET)
    assert not [line for line in read_lines(tmp_path / "run/log.jsonl") if "validation" in line]
    with pytest.raises(UsageError, match="patience needs validation clips"):
        train_classifier(
            folder, tmp_path / "other", replace(OPTIONS, patience=2), label="label", console=QUIET
        )


def test_videos_without_any_class_are_refused(labelled_dataset: Path, tmp_path: Path) -> None:
    """A column that is empty everywhere."""
    folder = tmp_path / "dataset"
    shutil.copytree(labelled_dataset, folder)
    table = pl.read_parquet(folder / "index.parquet")
    empty = table.with_columns(pl.lit(None, pl.String).alias("label"))
    empty.write_parquet(folder / "index.parquet")
    with pytest.raises(UsageError, match=r"label holds one class only \(empty \(14\)\)"):
        train_classifier(folder, tmp_path / "run", OPTIONS, label="label", console=QUIET)


def test_a_damaged_run_is_named(tmp_path: Path) -> None:
    """What is missing, and what to give instead."""
    (tmp_path / "data.json").write_text(json.dumps({"dataset": "x"}))
    with pytest.raises(UsageError, match=r"data.json: missing or damaged; give the --out of"):
        read_classifier_data(tmp_path)
