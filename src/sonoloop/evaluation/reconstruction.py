"""How near a clip is to the true one, frame by frame, in float64.

Frame 0 is given to the model, so figures are over frames 1 to the last unless told otherwise; the
paper's are over all.
"""

from dataclasses import dataclass
from typing import Final

import torch
from einops import rearrange
from jaxtyping import Float, Float64
from torch import Tensor
from torch.nn import functional

from sonoloop.errors import SonoloopError
from sonoloop.shapes import Clip

TrueClip = Float[Tensor, "_b _c _t _h _w"]
"""Of the other clip's shape; a clear sentence refuses another one."""

FrameValues = Float64[Tensor, "b t"]
"""One number a frame."""

DATA_RANGE: Final = 2.0
"""Pixels are in [-1, 1]."""

MAX_PSNR_DB: Final = 58.92
"""PSNR of rounding to 8 bits, 10 log10(12 * 255^2): no stored clip can be known better, and a
perfect copy has a finite value that can be averaged."""

SSIM_WINDOW: Final = 11
SSIM_SIGMA: Final = 1.5
SSIM_CONSTANTS: Final = ((0.01 * DATA_RANGE) ** 2, (0.03 * DATA_RANGE) ** 2)
"""Wang et al. (2004, doi:10.1109/TIP.2003.819861), Section III-C: K1 and K2 times the range."""


@dataclass(frozen=True)
class Reconstruction:
    """Means over the measured frames, one number a clip.

    Args:
        psnr_db: Peak signal-to-noise ratio in dB.
        ssim: Structural similarity, in [-1, 1].
    """

    psnr_db: Float64[Tensor, " b"]
    ssim: Float64[Tensor, " b"]


def reconstruction(
    clip: Clip, target: TrueClip, *, first_measured_frame: int = 1
) -> Reconstruction:
    """Compare clips with the true ones.

    Args:
        clip: Reconstructed or synthesized, in [-1, 1].
        target: The true clips.
        first_measured_frame: 1 leaves out the given frame; 0 measures all, as the paper does.

    Returns:
        PSNR and SSIM of each clip.

    Raises:
        SonoloopError: If shapes differ, no frame is left, or frames are smaller than 11 pixels.
    """
    _refuse_unequal(clip, target)
    if not 0 <= first_measured_frame < clip.shape[2]:
        msg = f"no frame is left from frame {first_measured_frame} on: clips have {clip.shape[2]}"
        raise SonoloopError(msg)
    made, true = clip[:, :, first_measured_frame:], target[:, :, first_measured_frame:]
    return Reconstruction(psnr(made, true).mean(1), ssim(made, true).mean(1))


def psnr(clip: Clip, target: TrueClip) -> FrameValues:
    """Peak signal-to-noise ratio of every frame, 10 log10(range^2 / mean squared error), in dB.

    Args:
        clip: In [-1, 1].
        target: The true clips.

    Returns:
        At most ``MAX_PSNR_DB``, which equal frames have.

    Raises:
        SonoloopError: If the shapes differ.
    """
    _refuse_unequal(clip, target)
    errors = (clip.double() - target.double()).square().mean(dim=(1, 3, 4))
    decibels: Tensor = 10 * torch.log10(DATA_RANGE**2 / errors)
    return decibels.clamp(max=MAX_PSNR_DB)


def ssim(clip: Clip, target: TrueClip) -> FrameValues:
    """Mean structural similarity of every frame (Wang et al. 2004, Eqs. 13 to 17).

    Windows are 11x11 Gaussians of standard deviation 1.5 that lie inside the frame, as in the
    authors' code; channels are averaged.

    Args:
        clip: In [-1, 1].
        target: The true clips.

    Returns:
        In [-1, 1]; 1 for equal frames.

    Raises:
        SonoloopError: If shapes differ or frames are smaller than 11 pixels.
    """
    _refuse_unequal(clip, target)
    if min(clip.shape[3:]) < SSIM_WINDOW:
        msg = f"SSIM needs frames of at least {SSIM_WINDOW} pixels, got {tuple(clip.shape[3:])}"
        raise SonoloopError(msg)
    # Frame by frame: float64 copies of whole batches would be the largest thing in memory.
    return torch.stack(
        [_frame_ssim(*pair) for pair in zip(clip.unbind(2), target.unbind(2), strict=True)], dim=1
    )


def _frame_ssim(frame: Tensor, target: Tensor) -> Tensor:
    x, y = (rearrange(pixels.double(), "b c h w -> (b c) 1 h w") for pixels in (frame, target))
    mean_x, mean_y = _window_means(x), _window_means(y)
    var_x = _window_means(x * x) - mean_x**2
    var_y = _window_means(y * y) - mean_y**2
    cov = _window_means(x * y) - mean_x * mean_y
    c1, c2 = SSIM_CONSTANTS
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * cov + c2) / (var_x + var_y + c2)
    return (luminance * structure).reshape(len(frame), -1).mean(1)


def _window_means(image: Tensor) -> Tensor:
    offsets = torch.arange(SSIM_WINDOW, device=image.device, dtype=image.dtype) - SSIM_WINDOW // 2
    kernel = torch.exp(-0.5 * (offsets / SSIM_SIGMA) ** 2)
    kernel = (kernel / kernel.sum()).view(1, 1, 1, -1)
    return functional.conv2d(functional.conv2d(image, kernel), kernel.mT)


def _refuse_unequal(clip: Tensor, target: Tensor) -> None:
    if clip.shape != target.shape:
        msg = f"clips and true clips differ in shape: {tuple(clip.shape)} and {tuple(target.shape)}"
        raise SonoloopError(msg)
