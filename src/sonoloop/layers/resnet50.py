"""ResNet-50 (He et al. 2016, arXiv:1512.03385), parameters named as in torchvision's weight files.

The stride of a bottleneck lies in its 3x3 convolution ("v1.5"). Two sockets without weights of
their own let video networks put something before a block's first convolution or between the first
and the second.
"""

from collections.abc import Callable
from typing import Final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sonoloop.shapes import Frame

EXPANSION: Final = 4
"""Channels that leave a bottleneck for each that its 3x3 convolution has."""

WIDTHS: Final = (64, 128, 256, 512)
"""Channels of the 3x3 convolutions in the four stages."""

DEPTHS: Final = (3, 4, 6, 3)
"""Bottlenecks of the four stages."""

FEATURES: Final = WIDTHS[-1] * EXPANSION
"""Numbers that describe one image before the last layer."""

Norm = Callable[[int], nn.Module]


class Bottleneck(nn.Module):
    """Convolutions 1x1, 3x3 and 1x1 around a shortcut.

    Args:
        in_channels: Channels of the input.
        width: Channels of the 3x3 convolution; four times as many leave.
        stride: Of the 3x3 convolution and the shortcut.
        bias: Whether the convolutions have biases, in vain before batch norm.
        norm: Builds a normalisation for a number of channels.
        before: What the residual branch sees the input through.
        between: What stands between the first convolution's activation and the second convolution.
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int = 1,
        *,
        bias: bool = False,
        norm: Norm = nn.BatchNorm2d,
        before: nn.Module | None = None,
        between: nn.Module | None = None,
    ) -> None:
        """Build the block; the shortcut is a strided 1x1 convolution where shapes change."""
        super().__init__()
        out_channels = width * EXPANSION
        self.before = before or nn.Identity()
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=bias)
        self.bn1 = norm(width)
        self.between = between or nn.Identity()
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=bias)
        self.bn2 = norm(width)
        self.conv3 = nn.Conv2d(width, out_channels, 1, bias=bias)
        self.bn3 = norm(out_channels)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=bias), norm(out_channels)
            )

    def forward(self, features: Frame) -> Tensor:
        """Return relu(shortcut(x) + residual(x))."""
        hidden = functional.relu(self.bn1(self.conv1(self.before(features))), inplace=True)
        hidden = functional.relu(self.bn2(self.conv2(self.between(hidden))), inplace=True)
        hidden = self.bn3(self.conv3(hidden))
        return functional.relu(hidden + self.downsample(features), inplace=True)


BottleneckBuilder = Callable[[int, int, int], Bottleneck]
"""Given input channels, width and stride."""


def bottleneck_stages(build: BottleneckBuilder) -> list[nn.Sequential]:
    """Build ResNet-50's four stages; all but the first halve the picture.

    Args:
        build: Makes one block.
    """
    stages, channels = [], WIDTHS[0]
    for number, (width, depth) in enumerate(zip(WIDTHS, DEPTHS, strict=True)):
        blocks = []
        for position in range(depth):
            stride = 2 if number > 0 and position == 0 else 1
            blocks.append(build(channels, width, stride))
            channels = width * EXPANSION
        stages.append(nn.Sequential(*blocks))
    return stages


class ResNet50(nn.Module):
    """The image network: 25,557,032 parameters with 1000 classes.

    Args:
        num_classes: Outputs of the last layer; None leaves it out and gives the features.
        bias: Whether the convolutions have biases.
        norm: Builds a normalisation for a number of channels.
        bottleneck: Makes one block; None for a plain one with this bias and norm.
    """

    def __init__(
        self,
        num_classes: int | None = 1000,
        *,
        bias: bool = False,
        norm: Norm = nn.BatchNorm2d,
        bottleneck: BottleneckBuilder | None = None,
    ) -> None:
        """Build the layers, kernels drawn as He et al. (2015) propose (fan out)."""
        super().__init__()

        def plain(in_channels: int, width: int, stride: int) -> Bottleneck:
            return Bottleneck(in_channels, width, stride, bias=bias, norm=norm)

        self.conv1 = nn.Conv2d(3, WIDTHS[0], 7, 2, padding=3, bias=bias)
        self.bn1 = norm(WIDTHS[0])
        self.layer1, self.layer2, self.layer3, self.layer4 = bottleneck_stages(bottleneck or plain)
        self.fc = nn.Identity() if num_classes is None else nn.Linear(FEATURES, num_classes)
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")

    def stem(self, images: Frame) -> Tensor:
        """Reduce images to a quarter of their height and width."""
        hidden = functional.relu(self.bn1(self.conv1(images)), inplace=True)
        return functional.max_pool2d(hidden, 3, stride=2, padding=1)

    def features(self, images: Frame) -> Float[Tensor, "b 2048"]:
        """Describe each image, averaged over its places.

        Args:
            images: Three channels; normalised as the weights in use expect.
        """
        hidden = self.layer4(self.layer3(self.layer2(self.layer1(self.stem(images)))))
        features: Tensor = hidden.mean(dim=(2, 3))
        return features

    def forward(self, images: Frame) -> Float[Tensor, "b classes"]:
        """Return logits, or features if there is no last layer."""
        logits: Tensor = self.fc(self.features(images))
        return logits
