"""Pixels stay as they are, and what lies between them is what a fine wave has there."""

import pytest
import torch

from sonoloop.layers.half_pixels import with_half_pixels
from sonoloop.layers.warp import warp_frame


def grain(period: float, size: int, shift: float = 0.0) -> torch.Tensor:
    """Return a wave along x of so many pixels, moved to the left."""
    x = torch.arange(size) + shift
    return torch.sin(2 * torch.pi * x / period).expand(1, 1, size, size).contiguous()


def test_every_other_sample_is_a_pixel() -> None:
    """Height and width that are odd, even and different."""
    frame = torch.randn(2, 3, 7, 10)
    fine = with_half_pixels(frame)
    assert fine.shape == (2, 3, 15, 21)
    assert torch.equal(fine[:, :, 1::2, 1::2], frame)


def test_a_fine_wave_is_met_between_its_pixels() -> None:
    """A wave of 3 pixels, sampled at half pixels, away from the border."""
    fine = with_half_pixels(grain(3.0, 64))[0, 0, 21]
    expected = torch.sin(2 * torch.pi * (torch.arange(129) - 1) / 2 / 3.0)
    torch.testing.assert_close(fine[16:-16], expected[16:-16], atol=0.01, rtol=0)


def test_mixed_precision_does_not_round_the_picture() -> None:
    """Eight bits would be coarser than the grey levels of a still."""
    frame = torch.randn(1, 1, 16, 16)
    with torch.autocast("cpu", torch.bfloat16):
        fine = with_half_pixels(frame)
    assert torch.equal(fine, with_half_pixels(frame))


def test_a_flat_picture_stays_flat() -> None:
    """Up to its border."""
    flat = torch.full((1, 1, 5, 4), 0.3)
    torch.testing.assert_close(with_half_pixels(flat), torch.full((1, 1, 11, 9), 0.3))


def worst_difference(period: float, *, half_pixels: bool) -> float:
    """Move a wave by quarters of a pixel and compare with the true wave, away from the border."""
    frame = grain(period, 64)
    frame = with_half_pixels(frame) if half_pixels else frame
    differences = []
    for shift in (0.25, 0.5, 0.75):
        flow = torch.zeros(1, 2, 1, 64, 64)
        flow[:, 0] = shift
        difference = warp_frame(frame, flow)[:, :, 0] - grain(period, 64, shift)
        differences.append(float(difference[..., 16:48, 16:48].abs().max()))
    return max(differences)


@pytest.mark.parametrize("period", [2.5, 3.0])
def test_grain_that_is_moved_keeps_its_contrast(period: float) -> None:
    """A fifth at most of what cubic interpolation between pixels alone loses of fine grain."""
    lost = worst_difference(period, half_pixels=False)
    assert lost > 0.15
    assert worst_difference(period, half_pixels=True) < lost / 5


@pytest.mark.parametrize("period", [4.0, 8.0, 16.0])
def test_coarser_grain_is_met_too(period: float) -> None:
    """To 3 % of its amplitude."""
    assert worst_difference(period, half_pixels=True) < 0.03


def test_whole_pixels_and_no_motion_change_nothing() -> None:
    """The picture itself, to float precision."""
    frame = torch.randn(1, 2, 12, 9)
    flow = torch.zeros(1, 2, 2, 12, 9)
    flow[:, 0, 1] = 1
    warped = warp_frame(with_half_pixels(frame), flow)
    torch.testing.assert_close(warped[:, :, 0], frame, atol=1e-4, rtol=0)
    torch.testing.assert_close(warped[:, :, 1, :, :-1], frame[..., 1:], atol=1e-4, rtol=0)
