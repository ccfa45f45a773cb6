"""The block that both decoders are built of: upsample, look at the first frame, AdaIN, convolve."""

from torch import Tensor, nn
from torch.nn import functional

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.encoder import REDUCTION
from sonoloop.layers.adain import AdaptiveInstanceNorm3d, as_grid
from sonoloop.shapes import Clip, Latent


class DecoderBlock(nn.Module):
    """Double the resolution, add what the first frame shows there, and let the latent shape it.

    Args:
        in_channels: Channels of the coarser features.
        out_channels: Channels of the result.
        frame_channels: Channels of the first frame's features at the result's resolution.
        latent_channels: Channels of the latent that drives AdaIN.
        upsample: Factors over time, height and width.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        frame_channels: int,
        latent_channels: int,
        upsample: tuple[int, int, int],
    ) -> None:
        """Build a 1x3x3 and, behind AdaIN, a 3x3x3 convolution, and a shortcut."""
        super().__init__()
        self.upsample = upsample
        self.look = nn.Conv2d(frame_channels, in_channels, 1)
        self.conv1 = nn.Conv3d(in_channels, out_channels, (1, 3, 3), padding=(0, 1, 1))
        self.adain = AdaptiveInstanceNorm3d(out_channels, latent_channels)
        self.conv2 = nn.Conv3d(out_channels, out_channels, 3, padding=1)
        self.shortcut: nn.Module = nn.Identity()
        if in_channels != out_channels:
            self.shortcut = nn.Conv3d(in_channels, out_channels, 1)

    def forward(self, features: Clip, frame_features: Tensor, latent: Tensor) -> Tensor:
        """Return features at the finer resolution of ``frame_features``."""
        factors = [float(factor) for factor in self.upsample]
        coarse = functional.interpolate(features, scale_factor=factors, mode="nearest")
        coarse = coarse + self.look(frame_features).unsqueeze(2)
        hidden = functional.silu(self.adain(self.conv1(coarse), latent))
        out: Tensor = self.shortcut(coarse) + self.conv2(hidden)
        return out


class LatentStem(nn.Module):
    """Turn the latent, grid or vector, into the decoder's coarsest features.

    Args:
        config: Size, frames and latent.
        channels: Channels of the features.
    """

    def __init__(self, config: AutoencoderConfig, channels: int) -> None:
        """Build a 3x3x3 convolution for a grid, a fully connected layer for a vector."""
        super().__init__()
        self.grid = (
            config.num_frames // REDUCTION[0],
            config.size // REDUCTION[1],
            config.size // REDUCTION[2],
        )
        self.project: nn.Module
        if config.latent == "grid":
            self.project = nn.Conv3d(config.latent_channels, channels, 3, padding=1)
        else:
            cells = self.grid[0] * self.grid[1] * self.grid[2]
            self.project = nn.ConvTranspose3d(config.latent_channels, channels, self.grid)
            nn.init.normal_(self.project.weight, std=(config.latent_channels * cells) ** -0.5)

    def forward(self, latent: Latent) -> Tensor:
        """Return features (b, channels, t/4, h/16, w/16)."""
        features: Tensor = self.project(as_grid(latent))
        return features
