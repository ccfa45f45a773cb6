"""Phantom files: class folders, reproducible, never half-written."""

import json
from pathlib import Path

import av
import numpy as np
import pytest

from sonoloop.data.phantom import phantom_clip
from sonoloop.data.phantom_files import FRAME_RATE_HZ, write_phantoms
from sonoloop.errors import UsageError


def _read(path: Path) -> np.ndarray:
    """Decode a video with nothing of the package under test."""
    with av.open(path) as container:
        return np.stack([frame.to_ndarray(format="gray") for frame in container.decode(video=0)])


def test_classes_are_folders_and_content_is_what_was_simulated(tmp_path: Path) -> None:
    """Videos alternate between two class folders and decode to the phantom within 2 grey levels."""
    seen: list[Path] = []
    paths = write_phantoms(
        tmp_path / "p", count=4, size=32, seed=7, num_frames=8, on_written=seen.append
    )
    assert seen == paths
    assert [path.parent.name for path in paths] == ["cyst", "solid", "cyst", "solid"]
    record = json.loads((tmp_path / "p" / "phantom.json").read_text())
    assert record["seed"] == 7
    expected = phantom_clip(
        np.random.default_rng([7, 3]),
        size=32,
        num_frames=8,
        frame_rate_hz=FRAME_RATE_HZ,
        kind="solid",
    )
    frames = _read(paths[3])
    assert frames.shape == expected.shape
    assert np.abs(frames.astype(int) - expected).mean() < 2
    assert not list(tmp_path.rglob("*.part"))


def test_motion_label_names_the_classes_after_the_motion(tmp_path: Path) -> None:
    """With the option the folders are slow and fast."""
    paths = write_phantoms(
        tmp_path, count=2, size=32, seed=0, num_frames=2, motion_label=True, sector=True
    )
    assert [path.parent.name for path in paths] == ["slow", "fast"]
    assert _read(paths[0])[:, 0, 0].max() < 8


@pytest.mark.parametrize(
    ("count", "size", "message"),
    [
        (1, 32, "1 phantoms cannot fill 2 classes"),
        (2, 33, "33 px cannot be stored"),
        (2, 8, "need size 16"),
    ],
)
def test_impossible_sets_are_refused(tmp_path: Path, count: int, size: int, message: str) -> None:
    """Nothing is written when the request cannot be met."""
    with pytest.raises(UsageError, match=message):
        write_phantoms(tmp_path / "p", count=count, size=size, seed=0, num_frames=2)
    assert not (tmp_path / "p").exists()


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    """A folder that holds something is refused by name."""
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match=r"not an empty folder: choose a new folder"):
        write_phantoms(tmp_path, count=2, size=32, seed=0)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
