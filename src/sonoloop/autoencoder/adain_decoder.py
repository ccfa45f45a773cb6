"""The paper's decoder D(x_0, z): blocks with AdaIN layers at all scales (LDDM, Section 2.1)."""

from typing import Final

from torch import Tensor, nn
from torch.nn import functional

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.decoder_block import DecoderBlock, LatentStem
from sonoloop.autoencoder.first_frame import level_widths
from sonoloop.shapes import Clip, Frame, Latent

UPSAMPLE: Final = ((2, 2, 2), (2, 2, 2), (1, 2, 2), (1, 2, 2))
"""Time, height, width: from 1/16 of the frame's resolution to all of it."""


class AdainDecoder(nn.Module):
    """Paint every frame from the first frame's features, each scale driven by the latent.

    Frame 0 is the first frame itself.

    Args:
        config: Widths and the latent's shape.
    """

    def __init__(self, config: AutoencoderConfig) -> None:
        """Build four blocks, the last at full resolution, and the output's convolution."""
        super().__init__()
        widths = level_widths(config.decoder_width)
        self.stem = LatentStem(config, widths[-1])
        outputs = (*widths[-2::-1], config.decoder_width // 2)
        self.blocks = nn.ModuleList(
            DecoderBlock(
                in_width,
                out_width,
                frame_channels=frame_width,
                latent_channels=config.latent_channels,
                upsample=upsample,
            )
            for in_width, out_width, frame_width, upsample in zip(
                (widths[-1], *outputs[:-1]),
                outputs,
                (*widths[-2::-1], config.in_channels),
                UPSAMPLE,
                strict=True,
            )
        )
        self.output = nn.Conv3d(outputs[-1], config.in_channels, 3, padding=1)

    def forward(self, first_frame: Frame, pyramid: list[Tensor], latent: Latent) -> Clip:
        """Return the clip.

        Args:
            first_frame: The still.
            pyramid: Its features from ``FirstFrameEncoder``.
            latent: Dynamics, grid or vector.
        """
        features: Tensor = self.stem(latent) + pyramid[-1].unsqueeze(2)
        for block, frame_features in zip(self.blocks, [*pyramid[-2::-1], first_frame], strict=True):
            features = block(features, frame_features, latent)
        painted: Tensor = self.output(functional.silu(features)).float().tanh()
        return painted
