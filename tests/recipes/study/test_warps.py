"""Random smooth warps."""

import numpy as np

from sonoloop.recipes.study.warps import warped_still


def test_a_warped_still_moves_smoothly_from_itself() -> None:
    """Frame 0 is the still; the next frames differ from it, the same for the same seed."""
    y, x = np.mgrid[:64, :64]
    still = (120 + 60 * np.sin(x / 6) * np.cos(y / 7)).astype(np.uint8)
    clip = warped_still(still, 16, np.random.default_rng(0))
    np.testing.assert_array_equal(clip[0], still)
    again = warped_still(still, 16, np.random.default_rng(0))
    np.testing.assert_array_equal(clip, again)
    other = warped_still(still, 16, np.random.default_rng(1))
    assert np.abs(clip[8].astype(float) - other[8]).mean() > 2
    assert all(np.abs(frame.astype(float) - still).mean() > 2 for frame in clip[1:])


def test_black_stays_black() -> None:
    """Speckle is a factor, and nothing comes in from outside."""
    assert not warped_still(np.zeros((32, 32), np.uint8), 8, np.random.default_rng(0)).any()
