"""Numbers and places as vectors of sines and cosines."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn


def sinusoidal_embedding(
    position: Float[Tensor, " n"], width: int, *, max_period: float = 10_000.0
) -> Float[Tensor, "n {width}"]:
    """Write each number as waves of falling frequency (Vaswani et al. 2017, Section 3.5).

    Args:
        position: Numbers to embed; neighbours 1 apart are well told apart.
        width: Length of a vector; an odd one ends with a zero.
        max_period: Longest wavelength over 2 pi, in units of ``position``.

    Returns:
        Cosines, then sines, in float32.
    """
    half = width // 2
    exponent = torch.arange(half, device=position.device, dtype=torch.float32) / max(half, 1)
    angle = position.float()[:, None] * torch.exp(-math.log(max_period) * exponent)  # (n, half)
    waves = torch.cat([angle.cos(), angle.sin()], dim=1)
    return nn.functional.pad(waves, (0, width - 2 * half))


def grid_embedding(grid: Sequence[int], width: int) -> Float[Tensor, "n {width}"]:
    """Embed the place of every cell of a grid, an equal share of the width per axis.

    Args:
        grid: Number of cells along each axis, for example (frames, height, width).
        width: Length of a vector; what does not divide evenly stays zero.

    Returns:
        One vector per cell, the last axis of the grid running fastest.
    """
    cells = torch.cartesian_prod(*(torch.arange(size, dtype=torch.float32) for size in grid))
    cells = cells.reshape(-1, len(grid))  # (n, axes), also for a single axis
    share = width // (2 * len(grid)) * 2
    # Grids are tens of cells wide, so shorter waves than for text tell neighbours apart.
    waves = [sinusoidal_embedding(axis, share, max_period=100.0) for axis in cells.unbind(dim=1)]
    return nn.functional.pad(torch.cat(waves, dim=1), (0, width - share * len(grid)))


class NoiseLevelEmbedding(nn.Module):
    """Noise level in [0, 1] as a learned vector (Peebles and Xie 2022, arXiv:2212.09748).

    Args:
        width: Length of the vector.
        resolution: Noise levels 1 / ``resolution`` apart are well told apart.
    """

    def __init__(self, width: int, *, resolution: float = 1000.0) -> None:
        """Build the two-layer network behind the waves."""
        super().__init__()
        self.width = width
        self.resolution = resolution
        self.first = nn.Linear(width, width)
        self.second = nn.Linear(width, width)

    def forward(self, noise_level: Float[Tensor, " b"]) -> Float[Tensor, "b width"]:
        """Embed one noise level per item."""
        waves = sinusoidal_embedding(noise_level * self.resolution, self.width)
        hidden = nn.functional.silu(self.first(waves.to(self.first.weight.dtype)))
        embedding: Tensor = self.second(hidden)
        return embedding
