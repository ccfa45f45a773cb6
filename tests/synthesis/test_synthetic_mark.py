"""The word SYNTHETIC."""

import numpy as np
import pytest

from sonoloop.synthesis.synthetic_mark import mark_synthetic


@pytest.mark.parametrize(("height", "width"), [(480, 640), (64, 64), (1200, 900), (60, 33)])
def test_mark_is_small_steady_and_bright(height: int, width: int) -> None:
    """The same patch of white letters in all frames, and little else is touched."""
    frames = np.random.default_rng(0).integers(0, 120, (4, height, width), dtype=np.uint8)
    original = frames.copy()
    marked = mark_synthetic(frames)
    changed = (marked != original).any(axis=0)
    np.testing.assert_array_equal(frames, original)
    assert marked.max() > 200
    assert 0 < changed.mean() < 0.2
    letters = (marked == 255).all(axis=0)
    np.testing.assert_array_equal(letters, (marked == 255).any(axis=0))


def test_mark_takes_the_darkest_corner() -> None:
    """Anatomy is not covered where there is black to write on."""
    frames = np.full((2, 200, 300), 150, np.uint8)
    frames[:, 100:, 150:] = 0
    changed = (mark_synthetic(frames) != frames).any(axis=0)
    rows, columns = np.nonzero(changed)
    assert rows.min() > 100
    assert columns.min() > 150
