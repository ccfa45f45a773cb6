"""Copies of training clips among synthetic ones."""

from pathlib import Path

import numpy as np
import pytest

from sonoloop.recipes.evaluate_options import EvaluateOptions
from sonoloop.recipes.evaluation_privacy import measure_privacy
from sonoloop.recipes.evaluation_sets import open_sets
from sonoloop.report.records import PrivacyRecord

NUM_TRAIN = 12


def clip(seed: int) -> np.ndarray:
    """Return smooth noise that drifts: clips of different seeds are unlike."""
    rng = np.random.default_rng(seed)
    frames = np.kron(rng.random((8, 8)), np.ones((8, 8)))
    drift = [np.roll(frames, step, axis=1) for step in range(16)]
    return (40 + 150 * np.stack(drift)).astype(np.uint8)


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Write training and real clips, and synthetic ones like the real ones."""
    seeds = {"train": range(100, 100 + NUM_TRAIN), "real": range(8), "made": range(8)}
    for name, numbers in seeds.items():
        (tmp_path / name).mkdir()
        for number in numbers:
            stem = f"video{number}_sample0" if name == "made" else f"video{number}"
            np.save(tmp_path / name / f"{stem}.npy", clip(number))
    return {name: tmp_path / name for name in seeds}


def measured(folders: dict[str, Path], out: Path) -> PrivacyRecord:
    """Measure, which must work."""
    options = EvaluateOptions(train=folders["train"])
    sets = open_sets(folders["real"], folders["made"], options)
    record = measure_privacy(sets, out, options, lambda _: None)
    assert isinstance(record, PrivacyRecord)
    return record


@pytest.mark.parametrize("change", ["exact", "flipped", "brighter"])
def test_planted_copy_is_found(folders: dict[str, Path], tmp_path: Path, change: str) -> None:
    """One training clip among eight synthetic ones is above the threshold and shown first."""
    copy = clip(103)
    copy = {"exact": copy, "flipped": copy[:, :, ::-1], "brighter": copy + 30}[change]
    np.save(folders["made"] / "video5_sample0.npy", copy)
    record = measured(folders, tmp_path / "out")
    assert record.share_above >= 1 / 8
    assert record.nearest[0].name == "video5_sample0.npy"
    assert "similarity 1.000" in record.nearest[0].caption
    assert record.num_clips == 8
    for name in (record.nearest[0].real, *record.nearest[0].synthetic):
        assert name is not None
        assert (tmp_path / "out" / name).is_file()


def test_attack_is_at_chance_without_copies(folders: dict[str, Path], tmp_path: Path) -> None:
    """Members are no nearer than others; the interval holds the estimate."""
    record = measured(folders, tmp_path)
    assert record.attack_auroc is not None
    assert record.attack_low is not None
    assert record.attack_high is not None
    assert record.attack_low <= record.attack_auroc <= record.attack_high
    assert 0.1 < record.attack_auroc < 0.9


def test_without_training_clips_there_is_a_reason(folders: dict[str, Path], tmp_path: Path) -> None:
    """And where training and real clips share patients."""
    sets = open_sets(folders["real"], folders["made"], EvaluateOptions())
    reason = measure_privacy(sets, tmp_path, EvaluateOptions(), lambda _: None)
    assert "--train" in str(reason)
    options = EvaluateOptions(train=folders["real"])
    sets = open_sets(folders["real"], folders["made"], options)
    reason = measure_privacy(sets, tmp_path, options, lambda _: None)
    assert "are in training and held out" in str(reason)
