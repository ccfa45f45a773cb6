"""TDN-ResNet-50 (Wang et al. 2021, arXiv:2012.10071): an image network that sees differences.

A clip is stretches of five frames. The image network sees the middle one of each, together with
differences within the stretch and between stretches; the stretches' logits are averaged.
"""

from typing import Final

from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sonoloop.classification.config import TDN_STRETCH
from sonoloop.classification.grey_input import GreyToColour, consensus
from sonoloop.classification.temporal_difference import LongTermDifference, ShortTermDifference
from sonoloop.classification.temporal_shift import LearnableShift
from sonoloop.layers.resnet50 import FEATURES, WIDTHS, Bottleneck, ResNet50, bottleneck_stages
from sonoloop.shapes import Clip

MANY_STRETCHES: Final = 16
"""From here on the image's features count three times as much as the differences'."""

LAST_STD: Final = 0.001
"""Standard deviation of the last layer's first weights, as in TSM, whose code TDN's is based on."""


class Tdn(nn.Module):
    """ResNet-50 with biases and temporal differences; 26,112,520 weights with 1000 classes.

    Args:
        num_classes: Outputs.
        num_stretches: Stretches of five frames of a clip.
        dropout: Before the last layer.
    """

    def __init__(self, num_classes: int, *, num_stretches: int = 8, dropout: float = 0.5) -> None:
        """Build the layers."""
        super().__init__()
        self.num_stretches = num_stretches
        self.image_share = 0.75 if num_stretches >= MANY_STRETCHES else 0.5
        self.input = GreyToColour()

        def block(in_channels: int, width: int, stride: int) -> Bottleneck:
            if width == WIDTHS[0]:
                return Bottleneck(in_channels, width, stride, bias=True)
            between = nn.Sequential(
                LongTermDifference(width, num_stretches), LearnableShift(width, num_stretches)
            )
            return Bottleneck(in_channels, width, stride, bias=True, between=between)

        self.trunk = ResNet50(None, bias=True, bottleneck=block)
        self.difference = ShortTermDifference(WIDTHS[0])
        self.difference.start_from(self.trunk.conv1.weight)
        self.difference_layer1 = bottleneck_stages(block)[0]
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(FEATURES, num_classes)
        nn.init.normal_(self.fc.weight, std=LAST_STD)
        nn.init.zeros_(self.fc.bias)

    def forward(self, clip: Clip) -> Float[Tensor, "b classes"]:
        """Return the mean of the stretches' logits.

        Args:
            clip: One channel, in [-1, 1], five frames of each stretch behind one another.
        """
        stretch = rearrange(self.input(clip), "b c (t s) h w -> (b t) s c h w", s=TDN_STRETCH)
        difference = self.difference(stretch)
        features = self._add(self.trunk.stem(stretch[:, TDN_STRETCH // 2]), difference)
        features = self._add(self.trunk.layer1(features), self.difference_layer1(difference))
        features = self.trunk.layer4(self.trunk.layer3(self.trunk.layer2(features)))
        logits = self.fc(self.dropout(features.mean(dim=(2, 3))))
        return consensus(logits, self.num_stretches)

    def _add(self, image: Tensor, difference: Tensor) -> Tensor:
        """Weigh the image's features against the differences', enlarged to their size."""
        enlarged = functional.interpolate(difference, image.shape[2:])
        return self.image_share * image + (1 - self.image_share) * enlarged
