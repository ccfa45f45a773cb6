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
SMALLEST_VARIANCE: Final = 1e-4
"""Of a mix, before it is scaled to 1: filters may learn to cancel each other."""
KERNEL_SIZE: Final = 7
"""Height and width of a filter in pixels."""
GRAINS_PX: Final = ((0.7, 0.7), (1.0, 0.7), (1.5, 0.7), (1.0, 1.0), (2.0, 1.0), (1.5, 1.5))
"""Width and height (standard deviation) of the grain that each filter starts with: speckle is
wider than high, since a scanner resolves depth best."""


class FilteredNoise(nn.Module):
    """Mix noise behind filters that start as Gaussians of ``GRAINS_PX``."""

    num_filters: Final = len(GRAINS_PX)

    def __init__(self) -> None:
        """Build the filters."""
        super().__init__()
        place = torch.arange(KERNEL_SIZE) - KERNEL_SIZE // 2
        width, height = torch.tensor(GRAINS_PX)[:, :, None].unbind(dim=1)  # (filters, 1) each
        across, down = (torch.exp(-0.5 * (place / std) ** 2) for std in (width, height))
        self.filters = nn.Parameter((down[:, :, None] * across[:, None])[:, None])

    def forward(
        self, logits: Clip, noise: Float[Tensor, "b _ t h w"]
    ) -> Float[Tensor, "b _ t h w"]:
        """Return noise of mean 0 and variance 1 whose grain varies over place and time.

        Args:
            logits: Share of every filter, before the softmax.
            noise: Standard normal; its channels are filtered alike.
        """
        num_items, num_channels = noise.shape[:2]
        length = self.filters.flatten(1).norm(dim=1).clamp_min(SMALLEST_LENGTH)
        kernels = self.filters / length[:, None, None, None]
        padded = functional.pad(
            rearrange(noise, "b c t h w -> (b c t) 1 h w"), (KERNEL_SIZE // 2,) * 4, mode="circular"
        )
        filtered = rearrange(
            functional.conv2d(padded, kernels),
            "(b c t) k h w -> b c k t h w",
            b=num_items,
            c=num_channels,
        )
        mix = logits.softmax(dim=1)
        overlap = kernels.flatten(1) @ kernels.flatten(1).mT  # filters see the same noise
        variance = torch.einsum("bkthw,kl,blthw->bthw", mix, overlap, mix)
        spread = variance.clamp_min(SMALLEST_VARIANCE).sqrt()
        return (mix[:, None] * filtered).sum(dim=2) / spread[:, None]
