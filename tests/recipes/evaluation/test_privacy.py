"""Copies of training clips among synthetic ones."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sonoloop.data.splits import SplitName, write_split
from sonoloop.data.store import Entry, StoreWriter
from sonoloop.recipes.evaluation.options import EvaluateOptions
from sonoloop.recipes.evaluation.privacy import measure_privacy
from sonoloop.recipes.evaluation.sets import open_sets
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
    record = measure_privacy(sets, out, options, lambda *_: lambda _: None)
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


def test_a_copy_that_belongs_to_no_real_clip_is_found(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    """A file under any name is searched, though no metric of pairs can use it."""
    np.save(folders["made"] / "surprise.npy", clip(107))
    record = measured(folders, tmp_path / "out")
    assert record.num_clips == 9
    assert record.nearest[0].name == "surprise.npy"
    assert record.nearest[0].caption.endswith("above the threshold, to video107.npy")


def test_all_copies_are_shown(folders: dict[str, Path], tmp_path: Path) -> None:
    """More than four where more are above the threshold."""
    for number in range(6):
        np.save(folders["made"] / f"copy{number}.npy", clip(100 + number))
    record = measured(folders, tmp_path / "out")
    shown = [loop.name for loop in record.nearest if "above the threshold" in loop.caption]
    assert {f"copy{number}.npy" for number in range(6)} <= set(shown)


def test_the_stills_own_patient_is_apart(tmp_path: Path) -> None:
    """A loop like a training clip of its own patient is no copy; of another patient it is."""
    dataset, loops = tmp_path / "data", tmp_path / "loops"
    sides: dict[str, SplitName] = {}
    with StoreWriter(dataset / "store", size=64) as writer:
        for number in range(20):
            patient = f"patient {number}"
            entry = Entry(f"v{number}.mp4", "x", patient, "video")
            frames = np.concatenate([clip(number)] * 4)
            writer.add(entry, frames, np.arange(len(frames)) / (16 / 1.92))
            sides[entry.item_id] = "train" if number < 12 else "test"
    write_split(dataset / "split.json", sides, ratios=(0.6, 0.0, 0.4), seed=0)
    loops.mkdir()
    for number in range(12, 20):
        np.save(loops / f"v{number}.npy", clip(number))
    options = EvaluateOptions(train=dataset)
    sets = open_sets(dataset, loops, options)
    train = sets.train
    assert train is not None
    # As if the first still's patient had been trained on, by a clip like the loop.
    sources = (replace(sets.synthetic.sources[0], group=sets.synthetic.groups[0]), *train.sources)
    known = replace(sets, train=replace(train, sources=sources))
    reason = measure_privacy(known, tmp_path, options, lambda *_: lambda _: None)
    assert "are in training and held out" in str(reason)  # the threshold needs other patients
    held_out = replace(sets.real, sources=sets.real.sources[1:])
    known = replace(known, real=held_out)
    record = measure_privacy(known, tmp_path, options, lambda *_: lambda _: None)
    assert isinstance(record, PrivacyRecord)
    assert all("v12" not in loop.caption.rpartition(" to ")[2] for loop in record.nearest)
    assert any("1 synthetic clips began from stills of training" in n for n in record.notes)


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
    reason = measure_privacy(sets, tmp_path, EvaluateOptions(), lambda *_: lambda _: None)
    assert "--train" in str(reason)
    options = EvaluateOptions(train=folders["real"])
    sets = open_sets(folders["real"], folders["made"], options)
    reason = measure_privacy(sets, tmp_path, options, lambda *_: lambda _: None)
    assert "are in training and held out" in str(reason)
