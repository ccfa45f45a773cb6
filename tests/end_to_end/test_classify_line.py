"""Classifiers on phantoms through the command line: what only motion shows is learnt."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from sonoloop.training.log import read_lines

ExitStatus = Callable[..., int]


def _prepare(folder: Path, exit_status: ExitStatus, *, count: int) -> Path:
    """Write phantoms of slow and fast breathing and prepare them."""
    phantoms, dataset = folder / "phantoms", folder / "dataset"
    words = ("--count", str(count), "--seed", "3", "--size", "64", "--motion-label")
    assert exit_status("phantom", "--out", phantoms, *words) == 0
    words = ("--size", "64", "--split", "0.6,0.2,0.2")
    assert exit_status("data", "prepare", phantoms, "--out", dataset, *words) == 0
    return dataset


def test_phantoms_to_predictions(tmp_path: Path, exit_status: ExitStatus) -> None:
    """Train two epochs, stop at once, go on, predict: every test video has its probabilities."""
    dataset, run, out = _prepare(tmp_path, exit_status, count=10), tmp_path / "run", tmp_path / "p"
    words = ("--width", "4", "--size", "32", "--epochs", "2", "--batch-size", "4")
    train = ("classify", "train", dataset, "--out", run, *words)
    assert exit_status(*train, "--max-seconds", "0") == 0
    assert exit_status(*train) == 2
    assert exit_status(*train, "--resume") == 0
    steps = [line["step"] for line in read_lines(run / "log.jsonl") if "validation" in line]
    assert steps[-2:] == [2, 4]
    assert exit_status("classify", "predict", run, dataset, "--out", out) == 0
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert {row["label"] for row in rows} == {"fast", "slow"}
    assert all(abs(float(row["p_fast"]) + float(row["p_slow"]) - 1) < 1e-5 for row in rows)


@pytest.mark.slow
def test_slow_and_fast_breathing_are_told_apart(tmp_path: Path, exit_status: ExitStatus) -> None:
    """Phantoms that differ in motion alone: at least 15 of 19 held-out ones are right."""
    dataset, run, out = _prepare(tmp_path, exit_status, count=96), tmp_path / "run", tmp_path / "p"
    words = ("--width", "16", "--size", "64", "--epochs", "25")
    assert exit_status("classify", "train", dataset, "--out", run, *words) == 0
    assert exit_status("classify", "predict", run, dataset, "--out", out) == 0
    with out.open() as file:
        right = [row["label"] == row["prediction"] for row in csv.DictReader(file)]
    assert sum(right) >= 0.78 * len(right)
