"""Speckle and motion are told from letters, panels and rulers."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

from sonoloop.data.recording import Frames
from sonoloop.data.scan_activity import flat_pixels, grow, scan_pieces, shrink

SCAN = (slice(120, 260), slice(60, 240))


def _text_page() -> npt.NDArray[np.uint8]:
    """Draw dense lines of letters and a grey panel with letters, as scanners do."""
    image = Image.new("L", (300, 300))
    draw = ImageDraw.Draw(image)
    for row in range(4, 100, 11):
        draw.text((4, row), "GENERAL HOSPITAL DOE JANE MI 0.9 TIS 0.7 2D 61%", fill=230)
    draw.rectangle((0, 270, 299, 299), fill=90)
    draw.text((10, 278), "Gen  Sector  MB Off  Page 1/3", fill=200)
    return np.array(image)


def _speckle(num_frames: int) -> Frames:
    rng = np.random.default_rng(0)
    return rng.rayleigh(40, (num_frames, 140, 180)).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("num_frames", [1, 10])
def test_speckle_is_kept_and_text_is_not(num_frames: int) -> None:
    """Nearly all of the speckle and nothing of ten lines of text or of the panel."""
    frames = _text_page()[np.newaxis].repeat(num_frames, axis=0)
    frames[:, *SCAN] = _speckle(num_frames)
    pieces = scan_pieces(frames, 1)
    assert pieces[SCAN].mean() >= 0.97
    pieces[110:270, 50:250] = False
    assert not pieces.any()


def test_moving_scan_beats_a_static_picture() -> None:
    """A larger textured picture that never changes (a logo, a frozen scan) is no scan."""
    frames = np.zeros((10, 300, 300), dtype=np.uint8)
    frames[:, :110] = np.random.default_rng(1).integers(0, 256, (110, 300), dtype=np.uint8)
    frames[:, *SCAN] = _speckle(10)
    pieces = scan_pieces(frames, 1)
    assert not pieces[:110].any()
    assert pieces[SCAN].mean() >= 0.97


def test_step_reduces_the_grid() -> None:
    """Rounded up, for sides that the step does not divide."""
    assert scan_pieces(np.zeros((5, 31, 47), dtype=np.uint8), 3).shape == (11, 16)


@given(mask=arrays(np.bool_, (12, 17)), radius=st.integers(1, 4))
def test_growing_and_shrinking_bound_the_mask(mask: npt.NDArray[np.bool_], radius: int) -> None:
    """Erosion is below, dilation above; they are duals of each other."""
    assert (shrink(mask, radius) <= mask).all()
    assert (grow(mask, radius) >= mask).all()
    np.testing.assert_array_equal(shrink(mask, radius), ~grow(~mask, radius))


def test_flat_pixels() -> None:
    """A step of 2 levels is an edge, one of 1 level is not."""
    still = np.zeros((6, 8), dtype=np.uint8)
    still[:, 4:] = 1
    assert flat_pixels(still).all()
    still[:, 4:] = 2
    assert not flat_pixels(still)[:, 3:5].any()
    assert flat_pixels(still)[:, [0, 1, 2, 5, 6, 7]].all()
