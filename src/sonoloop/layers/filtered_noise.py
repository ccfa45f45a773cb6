"""Noise with the grain of speckle: white noise behind a few learnt filters, mixed place by place.

Speckle is what random scatterers look like behind a point spread function, which changes with
depth (Burckhardt 1978, doi:10.1109/T-SU.1978.30978). A network that decides how the filters are
mixed, and not the texture itself, cannot paint patterns that are no speckle.
"""

from typing import Final

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sonoloop.shapes import Clip

SMALLEST_LENGTH: Final = 1e-6


class FilteredNoise(nn.Module):
    """Mix filtered noise; without weights from outside there is none.

    Args:
        num_filters: Filters to mix.
        kernel_size: Their height and width in pixels, odd.
    """

    def __init__(self, num_filters: int, kernel_size: int) -> None:
        """Start with random filters."""
        super().__init__()
        self.filters = nn.Parameter(torch.randn(num_filters, 1, 1, kernel_size, kernel_size))

    def forward(self, mix: Clip, noise: Float[Tensor, "b c2 t h w"]) -> Float[Tensor, "b c2 t h w"]:
        """Return noise whose grain and strength vary over place and time.

        Args:
            mix: Strength of every filter, signed; with one filter it is the standard deviation.
            noise: Standard normal; its channels are filtered alike.
        """
        num_items, size = len(noise), self.filters.shape[-1]
        length = self.filters.flatten(1).norm(dim=1).clamp_min(SMALLEST_LENGTH)
        kernels = self.filters / length[:, None, None, None, None]  # unit variance comes out
        pad = size // 2
        padded = functional.pad(rearrange(noise, "b c t h w -> (b c) 1 t h w"), (pad,) * 4)
        filtered = functional.conv3d(padded, kernels)  # (b c, filters, t, h, w)
        by_item = rearrange(filtered, "(b c) k t h w -> b c k t h w", b=num_items)
        return (mix[:, None] * by_item).sum(dim=2)
