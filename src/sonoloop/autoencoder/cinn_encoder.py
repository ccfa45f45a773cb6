"""The baseline's own 3D ResNet-18 encoder (Dorkenwald et al. 2021, arXiv:2105.04551)."""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.encoder import LOGVAR_RANGE
from sonoloop.layers.residual3d import ResidualBlock3d, group_norm
from sonoloop.shapes import Clip

STRIDES: Final = ((1, 2, 2), (2, 2, 2), (2, 2, 2), (2, 2, 2))
"""Strides (time, height, width) of the four stages; the stem takes another (2, 2, 2)."""
SMALL_SIZE: Final = 64
"""Frames up to this size are not halved in the first stage."""
FRAMES_PER_CELL: Final = 16


def coarsest_grid(config: AutoencoderConfig) -> tuple[int, int, int]:
    """Return time, height and width behind the last stage: 1 x 4 x 4 at 64 and at 128 pixels."""
    reduction = 16 if config.size <= SMALL_SIZE else 32
    return config.num_frames // FRAMES_PER_CELL, config.size // reduction, config.size // reduction


class CinnEncoder(nn.Module):
    """Map a clip to the mean and log-variance of its latent vector.

    It differs from ``Encoder`` in that it sees the frames alone, halves time and space until
    little is left, and has 3x3x3 convolutions in its shortcuts. The authors' sees frames 1 to 16;
    here a clip is frames 0 to 15.

    Args:
        config: Widths and length of the latent.
    """

    def __init__(self, config: AutoencoderConfig) -> None:
        """Build a stem, four stages of two residual blocks each, and the posterior's head."""
        super().__init__()
        stem, widths = config.encoder_stem, config.encoder_widths
        self.stem = nn.Conv3d(config.in_channels, stem, (3, 7, 7), (2, 2, 2), (1, 3, 3), bias=False)
        self.stem_norm = group_norm(stem)
        first = (1, 1, 1) if config.size <= SMALL_SIZE else STRIDES[0]
        blocks = []
        for in_width, out_width, stride in zip(
            (stem, *widths[:3]), widths, (first, *STRIDES[1:]), strict=True
        ):
            blocks += [
                ResidualBlock3d(in_width, out_width, stride=stride, shortcut_kernel=3),
                ResidualBlock3d(out_width, out_width),
            ]
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Conv3d(widths[3], 2 * config.latent_channels, coarsest_grid(config))
        for module in self.modules():
            if isinstance(module, nn.Conv3d) and module is not self.head:
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, clip: Clip) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance, each shaped as the latent."""
        features = functional.relu(self.stem_norm(self.stem(clip)), inplace=True)
        moments = self.head(self.blocks(features)).float().flatten(1)
        mean, logvar = torch.chunk(moments, 2, dim=1)
        return mean, logvar.clamp(*LOGVAR_RANGE)
