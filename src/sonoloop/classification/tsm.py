"""TSM-ResNet-50 (Lin et al. 2019, arXiv:1811.08383): frames exchange channels before every block.

The frames' logits are averaged.
"""

from typing import Final

from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.classification.grey_input import GreyToColour, as_frames, consensus
from sonoloop.classification.temporal_shift import TemporalShift
from sonoloop.layers.resnet50 import FEATURES, Bottleneck, ResNet50
from sonoloop.shapes import Clip

LAST_STD: Final = 0.001
"""Standard deviation of the last layer's first weights (Lin et al. 2019, the authors' code)."""


class Tsm(nn.Module):
    """ResNet-50 with temporal shifts: as many weights as without.

    Args:
        num_classes: Outputs.
        num_frames: Frames of a clip.
        dropout: Before the last layer.
    """

    def __init__(self, num_classes: int, *, num_frames: int = 8, dropout: float = 0.5) -> None:
        """Build the layers."""
        super().__init__()
        self.num_frames = num_frames
        self.input = GreyToColour()

        def shifted(in_channels: int, width: int, stride: int) -> Bottleneck:
            return Bottleneck(in_channels, width, stride, before=TemporalShift(num_frames))

        self.trunk = ResNet50(None, bottleneck=shifted)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(FEATURES, num_classes)
        nn.init.normal_(self.fc.weight, std=LAST_STD)
        nn.init.zeros_(self.fc.bias)

    def forward(self, clip: Clip) -> Float[Tensor, "b classes"]:
        """Return the mean of the frames' logits.

        Args:
            clip: One channel, in [-1, 1], of the frames the network was built for.
        """
        features = self.trunk(as_frames(self.input(clip)))
        return consensus(self.fc(self.dropout(features)), self.num_frames)
