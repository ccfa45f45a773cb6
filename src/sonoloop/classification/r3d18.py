"""R3D-18 (Tran et al. 2018, arXiv:1711.11248) with GroupNorm, at any width; sees grey clips.

It is for quick runs without weights to start from, and differs from the published network where
that helps on few videos: its second input channel is the change since the frame before, and every
block begins as its shortcut (Goyal et al. 2017, arXiv:1706.02677, Section 5.1). From grey values
alone, 58 phantoms whose classes differ in motion are learnt by heart (docs/classification.md).
"""

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sonoloop.layers.residual3d import ResidualBlock3d, group_norm
from sonoloop.shapes import Clip

CHANGE_SCALE: Final = 4.0
"""Changes between frames are about a quarter of the grey values' deviation."""


class R3d18(nn.Module):
    """A 3-D ResNet of 18 layers: few images a batch do not disturb GroupNorm.

    Args:
        num_classes: Outputs.
        width: Channels of the first stage; 64 as published.
        dropout: Share of the features dropped before the last layer.
    """

    def __init__(self, num_classes: int, *, width: int = 64, dropout: float = 0.0) -> None:
        """Build the layers."""
        super().__init__()
        self.stem = nn.Conv3d(2, width, (3, 7, 7), (1, 2, 2), padding=(1, 3, 3), bias=False)
        self.stem_norm = group_norm(width)
        widths = [width, 2 * width, 4 * width, 8 * width]
        blocks = []
        for before, after in zip([width, *widths[:-1]], widths, strict=True):
            stride = (1, 1, 1) if before == after else (2, 2, 2)
            blocks += [ResidualBlock3d(before, after, stride=stride), ResidualBlock3d(after, after)]
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(widths[-1], num_classes)
        for part in self.modules():
            if isinstance(part, nn.Conv3d):
                nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(part, ResidualBlock3d):
                nn.init.zeros_(part.norm2.weight)

    def forward(self, clip: Clip) -> Float[Tensor, "b classes"]:
        """Return logits.

        Args:
            clip: One channel, in [-1, 1].
        """
        change = CHANGE_SCALE * torch.diff(clip, dim=2, prepend=clip[:, :, :1])
        hidden = self.stem(torch.cat([clip, change], 1))
        hidden = functional.relu(self.stem_norm(hidden), inplace=True)
        hidden = self.blocks(hidden).mean(dim=(2, 3, 4))
        logits: Tensor = self.fc(self.dropout(hidden))
        return logits
