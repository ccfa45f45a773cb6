"""Real clips, synthetic ones and references, at the same number."""

from pathlib import Path

import numpy as np
import pytest

from sonoloop.data.splits import SplitName, write_split
from sonoloop.data.store import Entry, StoreWriter
from sonoloop.errors import UsageError
from sonoloop.recipes.evaluation.options import EvaluateOptions
from sonoloop.recipes.evaluation.sets import open_sets

Folders = tuple[Path, Path]


def test_clips_are_paired_by_name(clip_folders: Folders) -> None:
    """First samples stand beside their real clips and take their groups; all samples are kept."""
    sets = open_sets(*clip_folders, EvaluateOptions())
    assert len(sets.real) == len(sets.roles["synthetic"]) == 6
    assert sets.roles["synthetic"].groups == sets.real.groups
    assert [source.name for source in sets.samples[2]] == [
        "video2_sample0.npy",
        "video2_sample1.npy",
    ]
    still = sets.roles["still-repeated"].sources[3].read()
    np.testing.assert_array_equal(still, np.repeat(sets.real.sources[3].read()[:1], 16, axis=0))
    assert {"synthetic", "still-repeated"} <= sets.paired
    assert any("no training clips are known" in note for note in sets.notes)


def test_unpaired_sets_are_reduced_to_one_number(clip_folders: Folders) -> None:
    """Names that fit nothing: as many of each, and no metric of pairs."""
    real, synthetic = clip_folders
    for number, path in enumerate(sorted(synthetic.iterdir())):
        path.rename(synthetic / f"made{number}.npy")
    for path in sorted(synthetic.iterdir())[:8]:
        path.unlink()
    sets = open_sets(real, synthetic, EvaluateOptions())
    assert len(sets.real) == len(sets.roles["synthetic"]) == 4
    assert "synthetic" not in sets.paired
    assert sets.samples == ()
    assert any("could be matched" in note for note in sets.notes)


def test_other_shapes_need_resample(clip_folders: Folders) -> None:
    """Refused, then brought to the smallest with a note."""
    real, synthetic = clip_folders
    np.save(synthetic / "video0_sample0.npy", np.zeros((20, 40, 40), np.uint8))
    with pytest.raises(UsageError, match="add --resample"):
        open_sets(real, synthetic, EvaluateOptions())
    sets = open_sets(real, synthetic, EvaluateOptions(resample=True))
    assert sets.roles["synthetic"].sources[0].read().shape == (16, 32, 32)
    assert any("resampled to 16 frames of 32 x 32" in note for note in sets.notes)


def test_reconstructions_must_be_complete(clip_folders: Folders) -> None:
    """One for every real clip, named like it."""
    real, synthetic = clip_folders
    options = EvaluateOptions(reconstructed=real)
    assert len(open_sets(real, synthetic, options).roles["reconstructed"]) == 6
    partial = real.with_name("partial")
    partial.mkdir()
    for number in (0, 1):
        (partial / f"video{number}.npy").write_bytes((real / f"video{number}.npy").read_bytes())
    with pytest.raises(UsageError, match="has no reconstruction of video2"):
        open_sets(real, synthetic, EvaluateOptions(reconstructed=partial))


def test_dataset_brings_floor_and_other_patients(tmp_path: Path) -> None:
    """Test videos with two windows, as many training clips, none of the same patients."""
    rng = np.random.default_rng(0)
    sides: dict[str, SplitName] = {}
    with StoreWriter(tmp_path / "data" / "store", size=64) as writer:
        for number in range(9):
            num_frames = 50 if number == 8 else 100
            frames = rng.integers(0, 256, (num_frames, 64, 64), dtype=np.uint8)
            entry = Entry(f"v{number}.mp4", "x", f"patient {number}", "video")
            writer.add(entry, frames, np.arange(num_frames) / 25)
            sides[entry.item_id] = "train" if number < 4 else "test"
    write_split(tmp_path / "data" / "split.json", sides, ratios=(0.5, 0.0, 0.5), seed=0)
    loops = tmp_path / "loops"
    loops.mkdir()
    for number in range(4, 9):
        np.save(loops / f"v{number}.npy", np.zeros((16, 64, 64), np.uint8))
    sets = open_sets(tmp_path / "data", loops, EvaluateOptions())
    assert sets.real.groups == ["patient 4", "patient 5", "patient 6", "patient 7"]
    assert {role: len(clips) for role, clips in sets.roles.items()} == dict.fromkeys(
        ("synthetic", "same-videos", "other-patients", "still-repeated"), 4
    )
    assert set(sets.roles["other-patients"].groups) == {f"patient {n}" for n in range(4)}
    assert any("1 real clips have no second window" in note for note in sets.notes)
    assert len(open_sets(tmp_path / "data", loops, EvaluateOptions(limit=2)).real) == 2
