"""Clips as numpy files."""

from pathlib import Path

import numpy as np
import pytest

from sonoloop.errors import UnreadableFileError
from sonoloop.evaluation.clip_arrays import read_array

LEVELS = np.arange(4 * 6 * 5, dtype=np.uint8).reshape(4, 6, 5)


@pytest.mark.parametrize(
    "array",
    [
        LEVELS,
        LEVELS[..., None],
        np.repeat(LEVELS[..., None], 3, axis=3),
        LEVELS.astype(np.float32) / 255,
        (LEVELS.astype(np.float64) / 127.5 - 1),
    ],
    ids=["grey", "one channel", "rgb", "0 to 1", "-1 to 1"],
)
def test_every_common_form_gives_the_same_levels(tmp_path: Path, array: np.ndarray) -> None:
    """Grey or RGB, bytes or floats."""
    np.save(tmp_path / "clip.npy", array)
    np.testing.assert_array_equal(read_array(tmp_path / "clip.npy"), LEVELS)


def test_red_is_weighed_as_in_television(tmp_path: Path) -> None:
    """ITU-R BT.601: 0.299 of 255 is 76."""
    clip = np.zeros((2, 3, 3, 3), np.uint8)
    clip[..., 0] = 255
    np.save(tmp_path / "clip.npy", clip)
    assert (read_array(tmp_path / "clip.npy") == 76).all()


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((3, 4)), r"shape \(3, 4\)"),
        (np.zeros((2, 3, 4, 2)), r"shape \(2, 3, 4, 2\)"),
        (np.zeros((0, 3, 4)), "values can be read"),
        (np.full((2, 3, 4), 200.0), "floats from 200 to 200"),
        (np.full((2, 3, 4), np.nan), "not finite"),
        (np.zeros((2, 3, 4), np.int64), "holds int64"),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, array: np.ndarray, reason: str) -> None:
    """The sentence says what was found."""
    np.save(tmp_path / "clip.npy", array)
    with pytest.raises(UnreadableFileError, match=reason):
        read_array(tmp_path / "clip.npy")


def test_pickles_and_text_are_refused(tmp_path: Path) -> None:
    """Nothing is ever unpickled."""
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (tmp_path / "text.npy").write_text("no array")
    for name in ("objects.npy", "text.npy"):
        with pytest.raises(UnreadableFileError, match="is no plain numpy array"):
            read_array(tmp_path / name)
