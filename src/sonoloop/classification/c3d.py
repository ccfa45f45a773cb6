"""C3D (Tran et al. 2015, arXiv:1412.0767): eight 3-D convolutions, three full layers, no norm."""

from typing import Final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sonoloop.classification.grey_input import SPORTS1M_MEAN, GreyToColour
from sonoloop.shapes import Clip

HIDDEN: Final = 4096
"""Width of the two full layers before the last."""

STAGES: Final = (
    (("conv1a",), 64),
    (("conv2a",), 128),
    (("conv3a", "conv3b"), 256),
    (("conv4a", "conv4b"), 512),
    (("conv5a", "conv5b"), 512),
)
"""Convolutions and their channels; a pooling follows each stage."""

SMALLEST_FRAMES: Final = 16
"""Four poolings halve the time: fewer frames leave nothing."""

HIDDEN_STD: Final = 0.005
LAST_STD: Final = 0.01
"""Standard deviations of the full layers' first weights (mmaction's C3D and its head)."""


class C3d(nn.Module):
    """A clip seen by 3x3x3 convolutions; 78,003,970 weights with two classes at 16 x 112 x 112.

    Args:
        num_classes: Outputs.
        size: Height and width of the frames, which decide the first full layer's inputs.
        num_frames: Frames of the clips, which do so too; at least 16.
        dropout: Before each of the full layers but the first.
    """

    def __init__(
        self, num_classes: int, *, size: int = 112, num_frames: int = 16, dropout: float = 0.5
    ) -> None:
        """Build the layers."""
        super().__init__()
        self.input = GreyToColour(SPORTS1M_MEAN, (1.0, 1.0, 1.0), white=255.0)
        self.convolutions = nn.ModuleDict()
        channels = 3
        for names, width in STAGES:
            for name in names:
                self.convolutions[name] = nn.Conv3d(channels, width, 3, padding=1)
                channels = width
        side = size
        for _ in STAGES[:-1]:
            side //= 2
        side = side // 2 + 1  # the last pooling is padded
        frames = num_frames // SMALLEST_FRAMES
        self.fc6 = nn.Linear(channels * frames * side**2, HIDDEN)
        self.fc7 = nn.Linear(HIDDEN, HIDDEN)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(HIDDEN, num_classes)
        for part in self.modules():
            if isinstance(part, nn.Conv3d):
                nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(part.bias) if part.bias is not None else None
        for layer, std in ((self.fc6, HIDDEN_STD), (self.fc7, HIDDEN_STD), (self.fc, LAST_STD)):
            nn.init.normal_(layer.weight, std=std)
            nn.init.zeros_(layer.bias)

    def forward(self, clip: Clip) -> Float[Tensor, "b classes"]:
        """Return logits.

        Args:
            clip: One channel, in [-1, 1], of the frames and size the network was built for.
        """
        hidden: Tensor = self.input(clip)
        for number, (names, _) in enumerate(STAGES):
            for name in names:
                hidden = functional.relu(self.convolutions[name](hidden), inplace=True)
            first, last = number == 0, number == len(STAGES) - 1
            kernel = (1, 2, 2) if first else (2, 2, 2)
            padding = (0, 1, 1) if last else (0, 0, 0)
            hidden = functional.max_pool3d(hidden, kernel, kernel, padding)
        hidden = functional.relu(self.fc6(hidden.flatten(1)))
        hidden = functional.relu(self.fc7(self.dropout(hidden)))
        logits: Tensor = self.fc(self.dropout(hidden))
        return logits
