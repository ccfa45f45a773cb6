"""3D ResNet-18 encoder z = E(v) (LDDM, Section 2.1; layout of the cINN's encoder)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.layers.residual3d import ResidualBlock3d, group_norm
from sonoloop.shapes import Clip

STRIDES = ((1, 2, 2), (2, 2, 2), (1, 2, 2), (1, 1, 1))
"""Strides (time, height, width) of the four stages; the stem takes another (2, 2, 2)."""
REDUCTION = (4, 16, 16)
"""How much smaller the latent grid is than the clip, in time, height and width."""
LOGVAR_RANGE = (-20.0, 5.0)
"""Log-variances are clamped to this range, where the KL's gradient still has meaning."""

CHANGE_SCALE = 3.0
"""Brings the change since the first frame, which the encoder sees beside the clip, to the spread
of the pixels themselves."""
FIRST_LOGVAR = -4.0
"""Log-variance at the start: with the usual 0 the noise drowns what the decoder is to listen to."""


class Encoder(nn.Module):
    """Map a clip to the mean and log-variance of its latent dynamics.

    Args:
        config: Widths, and whether the latent is a grid or a vector.
    """

    def __init__(self, config: AutoencoderConfig) -> None:
        """Build a stem, four stages of two residual blocks each, and the posterior's head."""
        super().__init__()
        widths = config.encoder_widths
        self.stem = nn.Conv3d(
            2 * config.in_channels, widths[0], (3, 7, 7), (2, 2, 2), (1, 3, 3), bias=False
        )
        self.stem_norm = group_norm(widths[0])
        blocks = []
        for in_width, out_width, stride in zip(
            (widths[0], *widths[:3]), widths, STRIDES, strict=True
        ):
            blocks += [
                ResidualBlock3d(in_width, out_width, stride=stride),
                ResidualBlock3d(out_width, out_width),
            ]
        self.blocks = nn.Sequential(*blocks)
        kernel: tuple[int, int, int] = (1, 1, 1)
        if config.latent == "vector":  # one cell that sees everything
            kernel = (
                config.num_frames // REDUCTION[0],
                config.size // REDUCTION[1],
                config.size // REDUCTION[2],
            )
        self.head = nn.Conv3d(widths[3], 2 * config.latent_channels, kernel)
        self.is_vector = config.latent == "vector"
        nn.init.constant_(self.head.bias[config.latent_channels :], FIRST_LOGVAR)  # type: ignore[index]
        for module in self.modules():
            if isinstance(module, nn.Conv3d) and module is not self.head:
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, clip: Clip) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance, each shaped as the latent."""
        change = CHANGE_SCALE * (clip - clip[:, :, :1])
        stem = self.stem(torch.cat([clip, change], dim=1))
        features = functional.relu(self.stem_norm(stem), inplace=True)
        moments = self.head(self.blocks(features)).float()
        if self.is_vector:
            moments = moments.flatten(1)
        mean, logvar = torch.chunk(moments, 2, dim=1)
        return mean, logvar.clamp(*LOGVAR_RANGE)
