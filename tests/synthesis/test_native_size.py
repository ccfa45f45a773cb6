"""A small clip at the still's own size."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from sonoloop.data.letterbox import Letterbox
from sonoloop.data.recording import Frames
from sonoloop.layers.warp import warp_still
from sonoloop.synthesis.native_size import HALF_RANGE, enlarge, to_native_size

SIZE = 64


def picture(height: int, width: int) -> Frames:
    """Make smooth structure with fine speckle."""
    rng = np.random.default_rng(0)
    coarse = ndimage.gaussian_filter(rng.standard_normal((height, width)), 8)
    fine = ndimage.gaussian_filter(rng.standard_normal((height, width)), 0.8)
    image = 120 + 45 * coarse / coarse.std() + 12 * fine / fine.std()
    return image.clip(0, 255).astype(np.uint8)[None]


def small_first(still: Frames, letterbox: Letterbox) -> torch.Tensor:
    """Bring a still to the model's square (1, 1, size, size)."""
    return torch.from_numpy(letterbox.apply(still))[None].float() / HALF_RANGE - 1


@pytest.mark.parametrize(("height", "width"), [(200, 300), (301, 97), (40, 31), (64, 64)])
def test_no_motion_gives_the_still_back(height: int, width: int) -> None:
    """A clip that repeats its first frame repeats the still, to the grey level, at any size."""
    still = picture(height, width)
    letterbox = Letterbox.fit(height, width, SIZE)
    clip = small_first(still, letterbox).repeat(1, 4, 1, 1)
    for flow in (None, torch.zeros(2, 4, SIZE, SIZE)):
        frames = to_native_size(still, clip, flow, letterbox)
        np.testing.assert_array_equal(frames, still.repeat(4, axis=0))


def test_detail_rides_on_the_motion() -> None:
    """A shift by 3 small pixels shifts the still, fine speckle included, by 3 * 256 / 64 = 12.

    scipy's shift is the reference; away from the border the two agree to rounding.
    """
    still = picture(256, 256)
    letterbox = Letterbox.fit(256, 256, SIZE)
    first = small_first(still, letterbox)
    flow = torch.zeros(1, 2, 2, SIZE, SIZE)
    flow[:, 0, 1], flow[:, 1, 1] = 3.0, -2.0
    frames = to_native_size(still, warp_still(first, flow)[0], flow[0], letterbox)
    expected = ndimage.shift(still[0], (8, -12), order=1, mode="nearest")
    inner = np.s_[24:-24, 24:-24]
    difference = frames[1][inner].astype(int) - expected[inner].astype(int)
    assert np.abs(difference).max() <= 1


def test_the_finest_grain_rides_along_between_pixels() -> None:
    """A wave of 2.5 native pixels, moved by half of one, keeps its contrast to 10 %."""
    x = np.arange(256)
    wave, moved = (120 + 80 * np.sin(2 * np.pi * (x + shift) / 2.5) for shift in (0, 0.5))
    still = np.rint(wave).astype(np.uint8)[None, None].repeat(256, axis=1)
    letterbox = Letterbox.fit(256, 256, SIZE)
    first = small_first(still, letterbox)
    flow = torch.zeros(1, 2, 2, SIZE, SIZE)
    flow[:, 0, 1] = 0.5 * SIZE / 256
    frames = to_native_size(still, warp_still(first, flow)[0], flow[0], letterbox)
    inner = np.s_[24:-24, 24:-24]
    difference = frames[1][inner] - np.tile(moved, (256, 1))[inner]
    assert np.abs(difference).max() <= 8


def test_correction_is_enlarged() -> None:
    """What the model adds beyond motion appears at the native size, smooth and as strong."""
    still = np.full((1, 128, 128), 100, np.uint8)
    letterbox = Letterbox.fit(128, 128, SIZE)
    clip = small_first(still, letterbox).repeat(1, 2, 1, 1)
    clip[:, 1, 16:48, 16:48] += 50 / HALF_RANGE
    frames = to_native_size(still, clip, None, letterbox)
    assert (frames[1, 36:92, 36:92] == 150).all()
    assert (frames[1, :28] == 100).all()
    assert np.abs(np.diff(frames[1].astype(int), axis=0)).max() <= 26


def test_bars_of_the_letterbox_stay_out() -> None:
    """Motion that reaches beyond a wide still repeats its edge, it does not pull the bars in."""
    still = np.full((1, 60, 120), 200, np.uint8)
    letterbox = Letterbox.fit(60, 120, SIZE)
    first = small_first(still, letterbox)
    flow = torch.zeros(1, 2, 2, SIZE, SIZE)
    flow[:, 1, 1] = 6.0
    frames = to_native_size(still, warp_still(first, flow)[0], flow[0], letterbox)
    assert (frames[1] == 200).all()


def test_grey_levels_stay_in_range() -> None:
    """Overshoot is cut, never wrapped."""
    still = np.full((1, 64, 64), 250, np.uint8)
    letterbox = Letterbox.fit(64, 64, SIZE)
    clip = small_first(still, letterbox).repeat(1, 3, 1, 1)
    clip[:, 1] += 1
    clip[:, 2] -= 3
    frames = to_native_size(still, clip, None, letterbox)
    assert (frames[1] == 255).all()
    assert (frames[2] == 0).all()


def test_enlarge_keeps_the_mean_where_it_shrinks() -> None:
    """Antialiasing: a checkerboard becomes grey, not one of its colours."""
    checkers = (torch.arange(64)[:, None] + torch.arange(64)).remainder(2).float()[None, None]
    assert enlarge(checkers, 16, 16).sub(0.5).abs().max() < 0.05
