"""R3D-18 (Tran et al. 2018, arXiv:1711.11248) with GroupNorm, at any width; sees grey clips."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sonoloop.layers.residual3d import ResidualBlock3d, group_norm
from sonoloop.shapes import Clip


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
        self.stem = nn.Conv3d(1, width, (3, 7, 7), (1, 2, 2), padding=(1, 3, 3), bias=False)
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

    def forward(self, clip: Clip) -> Float[Tensor, "b classes"]:
        """Return logits.

        Args:
            clip: One channel, in [-1, 1].
        """
        hidden = functional.relu(self.stem_norm(self.stem(clip)), inplace=True)
        hidden = self.blocks(hidden).mean(dim=(2, 3, 4))
        logits: Tensor = self.fc(self.dropout(hidden))
        return logits
