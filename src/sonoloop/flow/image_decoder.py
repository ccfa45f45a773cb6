"""Images from vectors: residual blocks whose norms the vector steers, as in BigGAN.

Brock et al. 2019, arXiv:1809.11096, Appendix B. The cINN first turns the vector into shares of
ImageNet's 1000 classes with three layers of 2000; here it steers the norms itself, and there is no
attention layer (ours: the decoder is thrown away once the encoder is trained).
"""

from math import log2
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from sonoloop.shapes import Frame

SMALLEST: Final = 4
"""Height and width at which an image begins."""
LARGEST_MULTIPLE: Final = 16
"""Channels of the coarsest level, in widths."""


class SteeredNorm(nn.Module):
    """Batch norm whose gain and shift come from a vector.

    Args:
        channels: Channels of the features.
        vector_channels: Length of the vector.
    """

    def __init__(self, channels: int, vector_channels: int) -> None:
        """Build norm, gain and shift."""
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.to_gain = _normed(nn.Linear(vector_channels, channels, bias=False))
        self.to_shift = _normed(nn.Linear(vector_channels, channels, bias=False))

    def forward(self, features: Frame, vector: Float[Tensor, "b k"]) -> Tensor:
        """Return (1 + gain) norm(x) + shift."""
        gain, shift = (to(vector)[:, :, None, None] for to in (self.to_gain, self.to_shift))
        steered: Tensor = (1 + gain) * self.norm(features) + shift
        return steered


class UpsamplingBlock(nn.Module):
    """Double height and width: norm, rectifier, convolution, twice, around a shortcut.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        vector_channels: Length of the vector that steers the norms.
    """

    def __init__(self, in_channels: int, out_channels: int, vector_channels: int) -> None:
        """Build both ways."""
        super().__init__()
        self.norm1 = SteeredNorm(in_channels, vector_channels)
        self.conv1 = _normed(nn.Conv2d(in_channels, out_channels, 3, padding=1))
        self.norm2 = SteeredNorm(out_channels, vector_channels)
        self.conv2 = _normed(nn.Conv2d(out_channels, out_channels, 3, padding=1))
        self.shortcut = _normed(nn.Conv2d(in_channels, out_channels, 1))

    def forward(self, features: Frame, vector: Float[Tensor, "b k"]) -> Tensor:
        """Return features of twice the size."""
        hidden = functional.relu(self.norm1(features, vector))
        hidden = self.conv1(functional.interpolate(hidden, scale_factor=2.0, mode="nearest"))
        hidden = self.conv2(functional.relu(self.norm2(hidden, vector)))
        enlarged = functional.interpolate(features, scale_factor=2.0, mode="nearest")
        added: Tensor = hidden + self.shortcut(enlarged)
        return added


class ImageDecoder(nn.Module):
    """Turn vectors into grey images.

    Args:
        vector_channels: Length of a vector.
        size: Height and width of an image, a power of 2 from 8 on.
        width: Channels at full size; 16 times as many at the coarsest.

    Raises:
        ValueError: If the size is no such power.
    """

    def __init__(self, vector_channels: int, *, size: int, width: int) -> None:
        """Build a block for every doubling."""
        super().__init__()
        doublings = round(log2(size / SMALLEST))
        if doublings < 1 or SMALLEST * 2**doublings != size:
            msg = f"images must be of 8, 16, 32, ... pixels, got {size}"
            raise ValueError(msg)
        widths = [
            width * min(LARGEST_MULTIPLE, 2 ** (doublings - level))
            for level in range(doublings + 1)
        ]
        self.stem = _normed(nn.Linear(vector_channels, widths[0] * SMALLEST**2))
        self.blocks = nn.ModuleList(
            UpsamplingBlock(widths[level], widths[level + 1], vector_channels)
            for level in range(doublings)
        )
        self.norm = nn.BatchNorm2d(width)
        self.to_image = nn.Conv2d(width, 1, 3, padding=1)
        nn.init.orthogonal_(self.to_image.weight)

    def forward(self, vector: Float[Tensor, "b k"]) -> Frame:
        """Return images in [-1, 1]."""
        features: Tensor = self.stem(vector).unflatten(1, (-1, SMALLEST, SMALLEST))
        for block in self.blocks:
            features = block(features, vector)
        return torch.tanh(self.to_image(functional.relu(self.norm(features))))


def _normed(layer: nn.Conv2d | nn.Linear) -> nn.Module:
    nn.init.orthogonal_(layer.weight)
    return spectral_norm(layer)
