"""Features of the first frame at every resolution that a decoder looks at."""

from torch import Tensor, nn
from torch.nn import functional

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.layers.residual3d import group_norm
from sonoloop.shapes import Frame

NUM_LEVELS = 4
"""Resolutions from 1/2 to 1/16 of the frame."""


def level_widths(decoder_width: int) -> tuple[int, ...]:
    """Return the channels at 1/2, 1/4, 1/8 and 1/16 of the frame's resolution.

    Half resolution has the fewest: there a channel costs the most, in time and in memory.
    """
    return tuple(min(decoder_width * 4**level, 8 * decoder_width) for level in range(NUM_LEVELS))


class FirstFrameEncoder(nn.Module):
    """A pyramid of 2-D features, computed once for all samples of a still.

    Args:
        config: ``decoder_width`` sets the channels.
    """

    def __init__(self, config: AutoencoderConfig) -> None:
        """Build one strided convolution and one more convolution a level."""
        super().__init__()
        self.levels = nn.ModuleList()
        in_width = config.in_channels
        for width in level_widths(config.decoder_width):
            self.levels.append(
                nn.Sequential(
                    nn.Conv2d(in_width, width, 4, 2, 1),
                    group_norm(width),
                    nn.SiLU(),
                    nn.Conv2d(width, width, 3, padding=1),
                )
            )
            in_width = width

    def forward(self, first_frame: Frame) -> list[Tensor]:
        """Return the features from 1/2 to 1/16 of the frame's resolution."""
        pyramid = []
        features: Tensor = first_frame
        for level in self.levels:
            features = functional.silu(level(features))
            pyramid.append(features)
        return pyramid
