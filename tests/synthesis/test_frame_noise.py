"""A frame's noise is the same in every window that covers it."""

import pytest
import torch

from sonoloop.layers.item_noise import item_noise
from sonoloop.shapes import Clip
from sonoloop.synthesis.frame_noise import FrameNoise

WINDOW = 16


class Draw:
    """Noise of two items of 2 x 3 pixels, from generators of their own."""

    def __init__(self, seed: int) -> None:
        """Make the generators."""
        self.generators = [torch.Generator().manual_seed(seed + item) for item in range(2)]

    def __call__(self, num_frames: int) -> Clip:
        """Draw further frames."""
        return item_noise((1, num_frames, 2, 3), self.generators)


def test_windows_share_the_noise_of_their_frames() -> None:
    """Property: where windows overlap their noise is equal, and new frames have new noise."""
    noise = FrameNoise(Draw(0), WINDOW)
    windows = {start: noise.of_window(start) for start in (0, 5, 10, 26)}
    whole = torch.zeros(2, 1, 42, 2, 3)
    for start, window in windows.items():
        assert window is not None
        covered = whole[:, :, start : start + WINDOW]
        assert torch.equal(window[covered != 0], covered[covered != 0])
        whole[:, :, start : start + WINDOW] = window
    assert (whole != 0).all()
    assert len(whole.unique()) == whole.numel()


def test_the_first_window_is_what_a_clip_alone_draws() -> None:
    """Bit by bit, so that a clip does not change for being the start of a long loop."""
    noise = FrameNoise(Draw(3), WINDOW).of_window(0)
    assert noise is not None
    assert torch.equal(noise, Draw(3)(WINDOW))


def test_no_speckle_no_noise() -> None:
    """Decoders that make no speckle draw nothing."""
    noise = FrameNoise(lambda _: None, WINDOW)
    assert noise.of_window(0) is None
    assert noise.of_window(5) is None


@pytest.mark.parametrize("start", [4, 22])
def test_windows_out_of_order_are_refused(start: int) -> None:
    """Their noise is gone, or would leave a gap."""
    noise = FrameNoise(Draw(0), WINDOW)
    noise.of_window(0)
    noise.of_window(5)
    with pytest.raises(ValueError, match=f"got {start} behind 5 to 21"):
        noise.of_window(start)
