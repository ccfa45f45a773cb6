"""Smooth frames with a Gaussian, as two products with banded matrices.

On a CPU a convolution of one channel is some forty times slower, backwards above all
(docs/experiments.md).
"""

from math import ceil
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.shapes import Clip

TRUNCATE: Final = 3.0
"""Reach of the kernel in standard deviations."""


def gaussian_blur(clip: Clip, sigma: float) -> Clip:
    """Smooth every frame over height and width; the border is repeated.

    Args:
        clip: Frames.
        sigma: Standard deviation in pixels, above 0.

    Returns:
        Smoothed frames, in float32.
    """
    height, width = clip.shape[-2:]
    with torch.autocast(clip.device.type, enabled=False):
        rows = _smoothing(height, sigma, clip.device)
        columns = _smoothing(width, sigma, clip.device)
        return rows @ clip.float() @ columns.mT


def _smoothing(length: int, sigma: float, device: torch.device) -> Float[Tensor, "n n"]:
    """Return the matrix that smooths a line of pixels; what lies outside is the end pixel."""
    reach = ceil(TRUNCATE * sigma)
    offsets = torch.arange(-reach, reach + 1, device=device)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = kernel / kernel.sum()
    pixels = torch.arange(length, device=device)[:, None]
    sources = (pixels + offsets).clamp(0, length - 1)
    empty = torch.zeros(length, length, device=device)
    return empty.scatter_add(1, sources, kernel.expand(length, -1))
