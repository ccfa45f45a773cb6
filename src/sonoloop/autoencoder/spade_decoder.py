"""The baseline's decoder: SPADE shows it the first frame, AdaIN the latent (arXiv:2105.04551)."""

from itertools import pairwise
from typing import Final

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from sonoloop.autoencoder.cinn_encoder import SMALL_SIZE, coarsest_grid
from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.layers.adain import PlainAdaIN3d
from sonoloop.layers.residual3d import group_norm
from sonoloop.layers.spade import SpadeMaps, SpatiallyAdaptiveNorm3d
from sonoloop.shapes import Clip, Frame, Latent

WIDTHS: Final = (16, 16, 16, 8, 4, 2, 1)
"""Channels between the six blocks, in multiples of the decoder's width."""
SLOPE: Final = 0.2
"""Of the leaky rectifiers."""


def upsampling(size: int) -> tuple[tuple[int, int, int], ...]:
    """Return by what each block's input is enlarged, in time, height and width."""
    last = (1, 1, 1) if size <= SMALL_SIZE else (1, 2, 2)
    return ((1, 1, 1), (2, 2, 2), (2, 2, 2), (2, 2, 2), (2, 2, 2), last)


class FirstFrameMaps(nn.Module):
    """Scales and shifts that SPADE takes from the first frame, for each block of the decoder.

    Args:
        config: Size and widths.
    """

    def __init__(self, config: AutoencoderConfig) -> None:
        """Build the maps of six blocks, at the resolutions at which these compute."""
        super().__init__()
        size = coarsest_grid(config)[1]
        self.levels = nn.ModuleList()
        for width, factors in zip(WIDTHS[:-1], upsampling(config.size), strict=True):
            size *= factors[1]
            channels = width * config.decoder_width
            self.levels.append(SpadeMaps(config.in_channels, channels, size=size))

    def forward(self, first_frame: Frame) -> list[Tensor]:
        """Return the maps from the coarsest to the finest."""
        return [level(first_frame) for level in self.levels]


class SpadeDecoder(nn.Module):
    """Paint every frame, from a fully connected layer on the latent through six blocks.

    Args:
        config: Size, widths and length of the latent.
    """

    def __init__(self, config: AutoencoderConfig) -> None:
        """Build the layers; those of the first frame are in ``FirstFrameMaps``."""
        super().__init__()
        width = config.decoder_width
        self.grid = coarsest_grid(config)
        cells = self.grid[0] * self.grid[1] * self.grid[2]
        self.stem = nn.Linear(config.latent_channels, cells * WIDTHS[0] * width)
        self.upsampling = upsampling(config.size)
        self.blocks = nn.ModuleList(
            SpadeBlock(in_width * width, out_width * width, latent_channels=config.latent_channels)
            for in_width, out_width in pairwise(WIDTHS)
        )
        self.output = nn.Conv3d(width, config.in_channels, 3, padding=1)

    def forward(self, first_frame: Frame, pyramid: list[Tensor], latent: Latent) -> Clip:
        """Return the clip.

        Args:
            first_frame: The still, of which only ``pyramid`` is used.
            pyramid: Its maps from ``FirstFrameMaps``.
            latent: Dynamics, a vector.
        """
        del first_frame
        features: Tensor = self.stem(latent).unflatten(1, (-1, *self.grid))
        for block, factors, maps in zip(self.blocks, self.upsampling, pyramid, strict=True):
            if max(factors) > 1:
                scale = [float(factor) for factor in factors]
                features = functional.interpolate(features, scale_factor=scale, mode="nearest")
            features = block(features, maps, latent)
        painted: Tensor = self.output(functional.leaky_relu(features, SLOPE)).float().tanh()
        return painted


class SpadeBlock(nn.Module):
    """SPADE, convolution, AdaIN, convolution, around a shortcut; spectral norm on convolutions.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the result.
        latent_channels: Length of the latent.
    """

    def __init__(self, in_channels: int, out_channels: int, *, latent_channels: int) -> None:
        """Build the block; the shortcut is normalised and convolved where channels change."""
        super().__init__()
        hidden = min(in_channels, out_channels)
        self.spade = SpatiallyAdaptiveNorm3d(in_channels)
        self.conv1 = spectral_norm(nn.Conv3d(in_channels, hidden, 3, padding=1))
        self.adain = PlainAdaIN3d(hidden, latent_channels)
        self.conv2 = spectral_norm(nn.Conv3d(hidden, out_channels, 3, padding=1))
        self.shortcut: nn.Module = nn.Identity()
        if in_channels != out_channels:
            self.shortcut = nn.Sequential(
                group_norm(in_channels),
                spectral_norm(nn.Conv3d(in_channels, out_channels, 1, bias=False)),
            )

    def forward(self, features: Clip, maps: Tensor, latent: Latent) -> Tensor:
        """Return the block's features."""
        hidden = self.conv1(functional.leaky_relu(self.spade(features, maps), SLOPE))
        hidden = self.conv2(functional.leaky_relu(self.adain(hidden, latent), SLOPE))
        out: Tensor = self.shortcut(features) + hidden
        return out
