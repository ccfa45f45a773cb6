"""A recording knows whether it moves and how fast."""

import numpy as np
import pytest

from sonoloop.data.recording import Box, Recording


def test_box_measures_its_sides() -> None:
    """Height and width are differences of the edges."""
    box = Box(top=2, left=3, bottom=10, right=33)
    assert (box.height, box.width) == (8, 30)


def test_one_frame_is_a_still_without_a_rate() -> None:
    """A still has no frame rate."""
    still = Recording(np.zeros((1, 4, 5), np.uint8), np.zeros(1))
    assert still.is_still
    assert still.frame_rate_hz is None


def test_frame_rate_is_the_mean_over_uneven_times() -> None:
    """Four frames over 0.3 s are 10 a second, however they are spaced."""
    video = Recording(np.zeros((4, 4, 5), np.uint8), np.array([0, 0.05, 0.25, 0.3]))
    assert not video.is_still
    assert video.frame_rate_hz == pytest.approx(10)
