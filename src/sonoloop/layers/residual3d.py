"""Residual blocks of a 3-D ResNet (He et al. 2016, arXiv:1512.03385; Hara et al., 1711.09577)."""

from typing import Final

from torch import Tensor, nn
from torch.nn import functional

from sonoloop.shapes import Clip

MAX_GROUPS: Final = 16
"""Groups of every GroupNorm (Wu and He 2018, arXiv:1803.08494), as in the cINN's encoder."""

Stride = tuple[int, int, int]


def group_norm(channels: int) -> nn.GroupNorm:
    """Normalise over as many groups, 16 at most, as divide ``channels``."""
    groups = next(g for g in range(min(MAX_GROUPS, channels), 0, -1) if channels % g == 0)
    return nn.GroupNorm(groups, channels)


class ResidualBlock3d(nn.Module):
    """Two 3x3x3 convolutions with GroupNorm around a shortcut (ResNet's basic block).

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Strides over time, height and width of the first convolution.
        shortcut_kernel: 1, or 3 as in the cINN, for the shortcut's convolution.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        stride: Stride = (1, 1, 1),
        shortcut_kernel: int = 1,
    ) -> None:
        """Build the block; the shortcut is a strided convolution where shapes change."""
        super().__init__()
        self.conv1 = nn.Conv3d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.norm1 = group_norm(out_channels)
        self.conv2 = nn.Conv3d(out_channels, out_channels, 3, padding=1, bias=False)
        self.norm2 = group_norm(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != (1, 1, 1) or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv3d(
                    in_channels,
                    out_channels,
                    shortcut_kernel,
                    stride,
                    padding=shortcut_kernel // 2,
                    bias=False,
                ),
                group_norm(out_channels),
            )

    def forward(self, features: Clip) -> Tensor:
        """Return relu(shortcut(x) + residual(x))."""
        hidden = functional.relu(self.norm1(self.conv1(features)), inplace=True)
        hidden = self.norm2(self.conv2(hidden))
        return functional.relu(hidden + self.shortcut(features), inplace=True)
