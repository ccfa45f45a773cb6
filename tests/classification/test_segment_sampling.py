"""Frames are chosen one per segment."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonoloop.classification.segment_sampling import segment_frames
from sonoloop.errors import UsageError


def test_at_test_the_middles_are_taken() -> None:
    """8 of 16 frames: the second of each pair; 4 of 48: frames 6, 18, 30 and 42."""
    np.testing.assert_array_equal(segment_frames(16, 8), np.arange(1, 16, 2))
    np.testing.assert_array_equal(segment_frames(48, 4), [6, 18, 30, 42])


def test_as_many_frames_as_segments_are_all_taken() -> None:
    """16 of 16, at random or not."""
    every = np.arange(16)
    np.testing.assert_array_equal(segment_frames(16, 16), every)
    np.testing.assert_array_equal(segment_frames(16, 16, rng=np.random.default_rng(0)), every)


def test_stretches_are_consecutive() -> None:
    """TDN's 8 stretches of 5 in 40 frames: each run of five follows its start."""
    frames = segment_frames(40, 8, stretch=5).reshape(8, 5)
    np.testing.assert_array_equal(np.diff(frames, axis=1), 1)
    np.testing.assert_array_equal(frames[:, 0], [2, 6, 11, 15, 20, 24, 29, 33])


@given(
    available=st.integers(1, 60), segments=st.integers(1, 20), stretch=st.integers(1, 6),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_random_places_stay_in_their_segments(
    available: int, segments: int, stretch: int, seed: int
) -> None:
    """Ordered, inside the clip, and within a segment's width of the segment's beginning."""
    available = max(available, stretch)
    frames = segment_frames(available, segments, stretch=stretch, rng=np.random.default_rng(seed))
    first = frames.reshape(segments, stretch)[:, 0]
    assert (np.diff(first) >= 0).all()
    assert frames.min() >= 0
    assert frames.max() < available
    width = (available - stretch + 1) / segments
    begins = np.arange(segments) * width
    assert (first > begins - 1).all()
    assert (first < begins + width).all()


def test_too_short_a_clip_is_refused() -> None:
    """4 frames have no stretch of 5."""
    with pytest.raises(UsageError, match="a clip of 4 frames is too short: the network looks at 5"):
        segment_frames(4, 8, stretch=5)
