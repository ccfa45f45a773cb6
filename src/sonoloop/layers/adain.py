"""Adaptive instance normalisation (Huang and Belongie 2017, arXiv:1703.06868, Eq. 8)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from sonoloop.shapes import Clip, Latent


class AdaptiveInstanceNorm3d(nn.Module):
    """Give normalised features the scale and shift that the latent asks for.

    AdaIN(x, z) = (1 + gamma(z)) * (x - mean(x)) / std(x) + beta(z)

    A vector latent gives one gamma and beta a channel, as in the paper. A grid latent is
    resampled to the features' grid first, so every place in time and space has its own.

    Args:
        channels: Channels of the features.
        latent_channels: Channels d of the latent.
    """

    def __init__(self, channels: int, latent_channels: int) -> None:
        """Build the map from latent to gamma and beta; both start with a spread of 1/2."""
        super().__init__()
        self.norm = nn.InstanceNorm3d(channels)
        self.gamma_beta = nn.Conv3d(latent_channels, 2 * channels, 1)
        nn.init.normal_(self.gamma_beta.weight, std=0.5 / latent_channels**0.5)
        nn.init.zeros_(self.gamma_beta.bias)  # type: ignore[arg-type]

    def forward(self, features: Clip, latent: Latent) -> Tensor:
        """Normalise ``features`` over time and space, then scale and shift by ``latent``."""
        grid = as_grid(latent)
        if any(size > 1 for size in grid.shape[2:]):  # before the 1x1x1 convolution: they commute
            grid = functional.interpolate(grid, size=list(features.shape[2:]), mode="trilinear")
        gamma, beta = self.gamma_beta(grid).chunk(2, dim=1)
        return torch.addcmul(beta, self.norm(features), 1 + gamma)


def as_grid(latent: Latent) -> Tensor:
    """See a vector latent (b, d) as a grid of one cell (b, d, 1, 1, 1)."""
    return latent[:, :, None, None, None] if latent.ndim == 2 else latent  # noqa: PLR2004 (b, d)


class PlainAdaIN3d(nn.Module):
    """The cINN's AdaIN, which scales by gamma itself, for vector latents.

    AdaIN(x, z) = gamma(z) * (x - mean(x)) / std(x) + beta(z)

    Args:
        channels: Channels of the features.
        latent_channels: Length of the latent.
    """

    def __init__(self, channels: int, latent_channels: int) -> None:
        """Build the map from latent to gamma and beta."""
        super().__init__()
        self.norm = nn.InstanceNorm3d(channels)
        self.gamma_beta = nn.Linear(latent_channels, 2 * channels)

    def forward(self, features: Clip, latent: Latent) -> Tensor:
        """Normalise ``features`` over time and space, then scale and shift by ``latent``."""
        gamma, beta = self.gamma_beta(latent)[:, :, None, None, None].chunk(2, dim=1)
        return torch.addcmul(beta, self.norm(features), gamma)
