"""Terms of stage 1's loss: how a reconstructed clip differs from the true one."""

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from sonoloop.shapes import Clip, Latent

Scalar = Float[Tensor, ""]

SSIM_WINDOW: Final = 7
"""Side of the uniform window (Wang et al. 2004 use 11 with a Gaussian, or 7 uniform)."""
SSIM_CONSTANTS: Final = (0.01**2, 0.03**2)
"""K1 and K2 squared of Wang et al. (2004, doi:10.1109/TIP.2003.819861), for a range of 1."""


def l1_loss(clip: Clip, target: Clip, *, num_levels: int = 4) -> Scalar:
    """Mean absolute difference, averaged over frames at 1, 1/2, 1/4 and so on of their size.

    The coarse levels let a flow find motion of many pixels, whose gradient at full resolution is
    speckle (coarse-to-fine, as in Lucas and Kanade's pyramids).

    Args:
        clip: Frames.
        target: True frames.
        num_levels: Sizes that count; 1 for the frames as they are.
    """
    difference = clip - target
    levels = [difference.abs().mean()]
    for _ in range(num_levels - 1):
        difference = functional.avg_pool3d(difference, (1, 2, 2))
        levels.append(difference.abs().mean())
    return torch.stack(levels).mean()


def gradient_loss(clip: Clip, target: Clip) -> Scalar:
    """Mean absolute difference of forward differences over time, height and width."""
    difference = clip - target
    return torch.stack([difference.diff(dim=dim).abs().mean() for dim in (2, 3, 4)]).mean()


def ssim(clip: Clip, target: Clip) -> Scalar:
    """Mean structural similarity of frames (Wang et al. 2004, Eq. 13), in [-1, 1]; 1 is equal.

    Windows are 7x7 and uniform, variances over n - 1, the border left out: scikit-image's
    default.
    """
    x, y = 0.5 * (clip.float() + 1), 0.5 * (target.float() + 1)
    mean_x, mean_y = window_means(x), window_means(y)
    unbiased = SSIM_WINDOW**2 / (SSIM_WINDOW**2 - 1)
    var_x = unbiased * (window_means(x * x) - mean_x**2)
    var_y = unbiased * (window_means(y * y) - mean_y**2)
    cov = unbiased * (window_means(x * y) - mean_x * mean_y)
    c1, c2 = SSIM_CONSTANTS
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * cov + c2) / (var_x + var_y + c2)
    return (luminance * structure).mean()


def window_means(frames: Clip) -> Float[Tensor, "b c t rows columns"]:
    """Average every SSIM window that lies inside its frame.

    As products with banded matrices, several times faster on a CPU than pooling; in float32,
    since variances are differences of these means.
    """
    height, width = frames.shape[-2:]
    with torch.autocast(frames.device.type, enabled=False):
        rows = band(height, frames.device)
        return rows @ frames @ band(width, frames.device).mT


def band(size: int, device: torch.device) -> Float[Tensor, "windows {size}"]:
    """Return the matrix that averages every window of ``SSIM_WINDOW`` neighbours."""
    ones = torch.ones(size, size, device=device)
    full = ones.tril(SSIM_WINDOW - 1).triu() / SSIM_WINDOW
    return full[: size - SSIM_WINDOW + 1]


def kl_divergence(mean: Latent, logvar: Latent) -> Scalar:
    """KL of N(mean, exp(logvar)) from N(0, 1), averaged over the latent's numbers.

    -1/2 (1 + logvar - mean^2 - exp(logvar)) (Kingma and Welling, arXiv:1312.6114, App. B)
    """
    return -0.5 * (1 + logvar - mean**2 - logvar.exp()).mean()
