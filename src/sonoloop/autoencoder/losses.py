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


def l1_loss(clip: Clip, target: Clip) -> Scalar:
    """Mean absolute difference of pixels."""
    return (clip - target).abs().mean()


def gradient_loss(clip: Clip, target: Clip) -> Scalar:
    """Mean absolute difference of forward differences over time, height and width."""
    difference = clip - target
    return torch.stack([difference.diff(dim=dim).abs().mean() for dim in (2, 3, 4)]).mean()


def ssim(clip: Clip, target: Clip) -> Scalar:
    """Mean structural similarity of frames (Wang et al. 2004, Eq. 13), in [-1, 1]; 1 is equal.

    Windows are 7x7 and uniform, variances over n - 1, the border left out: scikit-image's
    default.
    """
    frames = [(0.5 * (c + 1)).transpose(1, 2).flatten(0, 2).unsqueeze(1) for c in (clip, target)]
    x, y = frames[0].float(), frames[1].float()
    columns = functional.avg_pool2d(
        torch.cat([x, y, x * x, y * y, x * y], 1), (SSIM_WINDOW, 1), stride=1
    )
    moments = functional.avg_pool2d(columns, (1, SSIM_WINDOW), stride=1)
    mean_x, mean_y, mean_xx, mean_yy, mean_xy = moments.unbind(dim=1)
    unbiased = SSIM_WINDOW**2 / (SSIM_WINDOW**2 - 1)
    var_x = unbiased * (mean_xx - mean_x**2)
    var_y = unbiased * (mean_yy - mean_y**2)
    cov = unbiased * (mean_xy - mean_x * mean_y)
    c1, c2 = SSIM_CONSTANTS
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * cov + c2) / (var_x + var_y + c2)
    return (luminance * structure).mean()


def kl_divergence(mean: Latent, logvar: Latent) -> Scalar:
    """KL of N(mean, exp(logvar)) from N(0, 1), averaged over the latent's numbers.

    -1/2 (1 + logvar - mean^2 - exp(logvar)) (Kingma and Welling, arXiv:1312.6114, App. B)
    """
    return -0.5 * (1 + logvar - mean**2 - logvar.exp()).mean()
