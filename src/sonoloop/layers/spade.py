"""Spatially adaptive normalisation (SPADE; Park et al. 2019, arXiv:1903.07291, Eq. 1)."""

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sonoloop.layers.residual3d import group_norm
from sonoloop.shapes import Clip, Frame

HIDDEN_CHANNELS: Final = 128
"""Channels between the image and its maps, as in the original."""
SLOPE: Final = 0.2
"""Of the leaky rectifier between them (the cINN's; a plain rectifier in the original)."""
INITIAL_GAIN: Final = 0.02
"""Of the convolutions' weights at the start (Xavier, uniform), the cINN's."""


class SpadeMaps(nn.Module):
    """Turn an image into a scale and a shift for every place of some features.

    They depend on the image alone: computed once, they serve any number of clips made from it.

    Args:
        image_channels: Channels of the image.
        channels: Channels of the features.
        size: Height and width of the features.
    """

    def __init__(self, image_channels: int, channels: int, *, size: int) -> None:
        """Build two 3x3 convolutions."""
        super().__init__()
        self.size = size
        self.hidden = nn.Conv2d(image_channels, HIDDEN_CHANNELS, 3, padding=1)
        self.gamma_beta = nn.Conv2d(HIDDEN_CHANNELS, 2 * channels, 3, padding=1)
        nn.init.xavier_uniform_(self.hidden.weight, INITIAL_GAIN)
        for weight in self.gamma_beta.weight.data.chunk(2):  # two convolutions in one
            nn.init.xavier_uniform_(weight, INITIAL_GAIN)

    def forward(self, image: Frame) -> Float[Tensor, "b _ _ _"]:
        """Return gamma and beta, one after the other along the channels."""
        size = (self.size, self.size)
        small = functional.interpolate(image, size, mode="bilinear", align_corners=True)
        maps: Tensor = self.gamma_beta(functional.leaky_relu(self.hidden(small), SLOPE))
        return maps


class SpatiallyAdaptiveNorm3d(nn.Module):
    """out = norm(x) * (1 + gamma) + beta, the maps being the same for every frame.

    Args:
        channels: Channels of the features.
    """

    def __init__(self, channels: int) -> None:
        """Normalise over groups of channels (the cINN's; over the batch in the original)."""
        super().__init__()
        self.norm = nn.GroupNorm(group_norm(channels).num_groups, channels, affine=False)

    def forward(self, features: Clip, maps: Float[Tensor, "b _ h w"]) -> Tensor:
        """Normalise ``features``, then scale and shift them by ``maps``."""
        gamma, beta = maps.unsqueeze(2).chunk(2, dim=1)
        return torch.addcmul(beta, self.norm(features), 1 + gamma)
