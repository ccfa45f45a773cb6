"""Sizes are judged from the header."""

from pathlib import Path

import pytest

from sonoloop.data.pixel_limits import (
    MAX_RECORDING_BYTES,
    check_frame_size,
    num_frames_that_fit,
)
from sonoloop.errors import UnreadableFileError


@pytest.mark.parametrize("size", [(16, 16), (1080, 1920), (10_000, 6_000)])
def test_usual_sizes_pass(size: tuple[int, int]) -> None:
    """From the smallest to the largest allowed."""
    check_frame_size(Path("a.png"), *size)


@pytest.mark.parametrize(
    ("height", "width", "message"),
    [
        (1, 1, r"a.png: is 1 x 1 pixels, at least 16 x 16"),
        (15, 640, r"is 640 x 15 pixels, at least"),
        (20_000, 20_000, r"is 20000 x 20000 pixels, at most 10000 a side"),
        (9_000, 9_000, r"64 million in all are read: crop or downscale"),
    ],
)
def test_too_small_or_large_is_refused(height: int, width: int, message: str) -> None:
    """The sentence names the file, the size found and the limit."""
    with pytest.raises(UnreadableFileError, match=message):
        check_frame_size(Path("a.png"), height, width)


def test_frames_that_fit_memory() -> None:
    """The caller's limit holds where it is lower, and one frame always fits."""
    assert num_frames_that_fit(1024, 1024) == MAX_RECORDING_BYTES // 1024**2
    assert num_frames_that_fit(1024, 1024, 7) == 7
    assert num_frames_that_fit(1024, 1024, 0) == 1
