"""Motion of sets beside that of the real clips."""

from pathlib import Path

import numpy as np
import pytest

from sonoloop.recipes.evaluation.motion import MotionFigures, motion_metrics
from sonoloop.recipes.evaluation.options import EvaluateOptions
from sonoloop.recipes.evaluation.sets import open_sets
from sonoloop.report.records import MetricRecord


def measured(folders: tuple[Path, Path], cache: Path) -> dict[str, MetricRecord]:
    """Measure by id."""
    options = EvaluateOptions()
    records = motion_metrics(open_sets(*folders, options), cache, options, lambda _: None)
    return {record.id: record for record in records}


def values(record: MetricRecord) -> dict[str, float]:
    """Read a record's values by role."""
    return {value.role: value.value for value in record.values}


def test_half_the_speed_and_none_are_told(clip_folders: tuple[Path, Path], tmp_path: Path) -> None:
    """Temporal energy of a blob at half the speed is about half; of a still it is 0."""
    records = measured(clip_folders, tmp_path / "cache")
    energy = values(records["motion-energy-ratio"])
    assert energy["synthetic"] == pytest.approx(0.5, abs=0.1)
    assert energy["still-repeated"] == 0
    flow = values(records["motion-flow-distance-px"])
    assert flow["synthetic"] < flow["still-repeated"]


def test_shuffled_frames_score_worse_on_every_figure(
    clip_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    """Real clips with their frames in random order, which single frames do not show."""
    real, _ = clip_folders
    shuffled = real.with_name("shuffled")
    shuffled.mkdir()
    rng = np.random.default_rng(0)
    for path in real.iterdir():
        frames = np.load(path)
        np.save(shuffled / path.name, frames[[0, *1 + rng.permutation(15)]])
    records = measured((real, shuffled), tmp_path / "cache")
    found = {name: values(record)["synthetic"] for name, record in records.items()}
    assert found["motion-energy-ratio"] > 1.5
    assert found["motion-flicker-ratio"] > 1.5
    assert found["motion-shuffle-ratio"] < 0.3
    assert found["motion-flow-distance-px"] > 0.3


def test_clips_without_texture_get_a_reason(
    clip_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    """Black clips: no flow can be followed, the other figures stand; nothing is aborted."""
    real, _ = clip_folders
    black = real.with_name("black")
    black.mkdir()
    for path in real.iterdir():
        np.save(black / path.name, np.zeros((16, 32, 32), np.uint8))
    records = measured((real, black), tmp_path / "cache")
    flow = records["motion-flow-distance-px"]
    assert "synthetic" not in values(flow)
    assert any("no synthetic clip has texture" in warning for warning in flow.warnings)
    assert values(records["motion-energy-ratio"])["synthetic"] == 0
    against_black = measured((black, real), tmp_path / "cache")["motion-energy-ratio"]
    assert any("there is no ratio" in warning for warning in against_black.warnings)


def test_figures_are_kept(clip_folders: tuple[Path, Path], tmp_path: Path) -> None:
    """The second time no clip is measured: the rows are there."""
    first = measured(clip_folders, tmp_path)
    files = sorted(tmp_path.rglob(f"{MotionFigures.id}*/*.npz"))
    assert files
    assert measured(clip_folders, tmp_path) == first
    assert sorted(tmp_path.rglob(f"{MotionFigures.id}*/*.npz")) == files
