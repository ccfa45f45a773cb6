"""AlexNet and VGG16 as LPIPS and DIV see them (Zhang et al. 2018, arXiv:1801.03924).

Trunks are torchvision's, heads those of LPIPS v0.1. Nothing here is trained, but gradients pass:
where a distance is only measured, call it under ``torch.no_grad()``.
"""

from pathlib import Path
from typing import Final, Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sonoloop.errors import UsageError
from sonoloop.features.extractor import check_range
from sonoloop.features.pickled_arrays import Arrays
from sonoloop.features.resize import resize_bilinear
from sonoloop.features.weight_sources import SOURCES
from sonoloop.features.weights import load_weights
from sonoloop.shapes import Frame

Others = Float[Tensor, "_b _c _h _w"]
"""The other images of pairs; other shapes are refused in a sentence."""

TrunkName = Literal["alex", "vgg"]
Taps = tuple[Float[Tensor, "b _channels _h _w"], ...]
"""Five feature maps, from fine to coarse."""

IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_STD: Final = (0.229, 0.224, 0.225)
"""Of RGB in [0, 1]."""

LPIPS_SHIFT: Final = (-0.030, -0.088, -0.188)
LPIPS_SCALE: Final = (0.458, 0.448, 0.450)
"""The same for RGB in [-1, 1], to three digits, as LPIPS v0.1 has them."""

DIVERSITY_SIZE: Final = 224
NORM_EPS: Final = 1e-10
MIN_SIZES: Final[dict[TrunkName, int]] = {"alex": 31, "vgg": 16}
"""Smallest height and width, in pixels, that reach the last feature map."""


class _Convolution(NamedTuple):
    """A convolution and its ReLU."""

    out_channels: int
    kernel: int
    stride: int
    padding: int


class _MaxPool(NamedTuple):
    """A max pool without padding."""

    kernel: int
    stride: int


_LAYERS: Final[dict[TrunkName, tuple[_Convolution | _MaxPool, ...]]] = {
    # Krizhevsky 2014, arXiv:1404.5997
    "alex": (
        _Convolution(64, 11, 4, 2),
        _MaxPool(3, 2),
        _Convolution(192, 5, 1, 2),
        _MaxPool(3, 2),
        _Convolution(384, 3, 1, 1),
        _Convolution(256, 3, 1, 1),
        _Convolution(256, 3, 1, 1),
    ),
    # Simonyan & Zisserman 2015, arXiv:1409.1556, column D, up to its last convolution
    "vgg": (
        *[_Convolution(64, 3, 1, 1)] * 2,
        _MaxPool(2, 2),
        *[_Convolution(128, 3, 1, 1)] * 2,
        _MaxPool(2, 2),
        *[_Convolution(256, 3, 1, 1)] * 3,
        _MaxPool(2, 2),
        *[_Convolution(512, 3, 1, 1)] * 3,
        _MaxPool(2, 2),
        *[_Convolution(512, 3, 1, 1)] * 3,
    ),
}
_TAPPED: Final[dict[TrunkName, tuple[int, ...]]] = {
    "alex": (0, 1, 2, 3, 4),
    "vgg": (1, 3, 6, 9, 12),  # relu1_2, 2_2, 3_3, 4_3, 5_3
}
"""Convolutions, counted from 0, whose rectified output is a tap."""


class Trunk(nn.Module):
    """Convolutions of an ImageNet classifier, listened to at five places."""

    def __init__(self, name: TrunkName) -> None:
        """Allocate weights.

        Args:
            name: "alex" (AlexNet) or "vgg" (VGG16).
        """
        super().__init__()
        self.name: TrunkName = name
        self.convolutions = nn.ModuleList()
        channels = 3
        for layer in _LAYERS[name]:
            if isinstance(layer, _Convolution):
                self.convolutions.append(nn.Conv2d(channels, *layer))
                channels = layer.out_channels

    def forward(self, images: Frame) -> Taps:
        """Compute the five maps: AlexNet relu1 to 5, VGG16 relu1_2, 2_2, 3_3, 4_3 and 5_3.

        Args:
            images: RGB, normalised.
        """
        taps: list[Tensor] = []
        features, index = images, 0
        for layer in _LAYERS[self.name]:
            if isinstance(layer, _MaxPool):
                features = functional.max_pool2d(features, layer.kernel, layer.stride)
                continue
            features = functional.relu(self.convolutions[index](features))
            if index in _TAPPED[self.name]:
                taps.append(features)
            index += 1
        return tuple(taps)

    def tap_channels(self) -> list[int]:
        """Count the channels of each map."""
        convolutions = [layer for layer in _LAYERS[self.name] if isinstance(layer, _Convolution)]
        return [convolutions[index].out_channels for index in _TAPPED[self.name]]


class Lpips(nn.Module):
    """Learned perceptual distance of image pairs, LPIPS v0.1 (Zhang et al. 2018, Eq. 1)."""

    def __init__(self, trunk: Trunk, *, checksum: str) -> None:
        """Allocate the heads.

        Args:
            trunk: Where features come from.
            checksum: Of the weights of trunk and heads.
        """
        super().__init__()
        self.id = f"lpips-v0.1-{trunk.name}"
        self.checksum = checksum
        self.trunk = trunk
        self.heads = nn.ParameterList(torch.zeros(channels) for channels in trunk.tap_channels())
        self.shift: Tensor
        self.scale: Tensor
        self.register_buffer("shift", torch.tensor(LPIPS_SHIFT).reshape(3, 1, 1))
        self.register_buffer("scale", torch.tensor(LPIPS_SCALE).reshape(3, 1, 1))

    @classmethod
    def from_weights(
        cls,
        trunk: TrunkName,
        weights_dir: Path | None = None,
        *,
        device: torch.device | str = "cpu",
    ) -> "Lpips":
        """Load trunk and heads from the cache of weights.

        Args:
            trunk: "alex" or "vgg".
            weights_dir: Where to look; None for the usual place.
            device: Where to compute.

        Raises:
            UsageError: If the weights have not been fetched.
            UnreadableFileError: If they are damaged.
        """
        name = f"lpips-{trunk}"
        lpips = cls(Trunk(trunk), checksum=SOURCES[name].content_sha256)
        lpips.load_arrays(load_weights(name, weights_dir))
        for part in lpips.trunk.convolutions:
            kernel = part.get_parameter("weight")
            kernel.data = kernel.data.contiguous(memory_format=torch.channels_last)
        return lpips.requires_grad_(requires_grad=False).to(device).eval()

    def load_arrays(self, arrays: Arrays) -> None:
        """Fill trunk and heads with stored weights.

        Args:
            arrays: ``trunk.N.weight``, ``trunk.N.bias`` and ``heads.N``.

        Raises:
            RuntimeError: If one is missing, unknown or of another shape.
        """
        state = {
            name.replace("trunk.", "trunk.convolutions."): torch.from_numpy(array.copy())
            for name, array in arrays.items()
        }
        self.load_state_dict({**state, "shift": self.shift, "scale": self.scale})

    def forward(self, images: Frame, others: Others) -> Float[Tensor, " b"]:
        """Compute the distance of each pair.

        d = sum over taps of the mean over pixels of sum_c w_c (f_c / |f| - g_c / |g|)^2

        Args:
            images: 1 or 3 channels in [-1, 1].
            others: Of the same shape.

        Returns:
            0 for equal images, about 1 for very different ones.

        Raises:
            UsageError: If shapes differ or the images do not fit.
        """
        if images.shape != others.shape:
            msg = f"images are {tuple(images.shape)}, the others {tuple(others.shape)}"
            raise UsageError(msg)
        pairs = zip(self._normalised_taps(images), self._normalised_taps(others), strict=True)
        distance = images.new_zeros(len(images))
        for head, (tap, other) in zip(self.heads, pairs, strict=True):
            distance = distance + ((tap - other) ** 2 * head.reshape(-1, 1, 1)).sum(1).mean((1, 2))
        return distance

    def _normalised_taps(self, images: Frame) -> list[Tensor]:
        """Compute feature maps whose vectors have unit length."""
        check_images(images, self.trunk.name)
        taps = self.trunk((images - self.shift) / self.scale)
        return [tap / (tap.square().sum(1, keepdim=True).sqrt() + NORM_EPS) for tap in taps]


def lpips(images: Frame, others: Others, net: Lpips) -> Float[Tensor, " b"]:
    """Measure the perceptual distance of image pairs, without gradients.

    Args:
        images: 1 or 3 channels in [-1, 1].
        others: Of the same shape.
        net: As ``Lpips.from_weights`` loads it.

    Returns:
        On the device of the net.

    Raises:
        UsageError: If shapes differ or the images do not fit.
    """
    device = net.heads[0].device
    with torch.no_grad():
        distance: Tensor = net(images.to(device), others.to(device))
    return distance


def diversity_taps(images: Frame, trunk: Trunk) -> Taps:
    """Compute the feature maps that DIV compares, as the cINN's script does.

    Normalised as ImageNet first, then resized to 224 (Dorkenwald et al. 2021).

    Args:
        images: 1 or 3 channels in [-1, 1], any size.
        trunk: The VGG16, ``Lpips.from_weights("vgg").trunk``.

    Returns:
        relu1_2, 2_2, 3_3, 4_3 and 5_3 at 224, 112, 56, 28 and 14 pixels.

    Raises:
        UsageError: If the images do not fit.
    """
    check_images(images, trunk.name)
    mean = images.new_tensor(IMAGENET_MEAN).reshape(3, 1, 1)
    std = images.new_tensor(IMAGENET_STD).reshape(3, 1, 1)
    normalised = ((images + 1) / 2 - mean) / std
    taps: Taps = trunk(resize_bilinear(normalised, DIVERSITY_SIZE))
    return taps


def check_images(images: Frame, trunk: TrunkName) -> None:
    """Refuse what a trunk would misread or cannot take.

    Args:
        images: Pixels.
        trunk: The net.

    Raises:
        UsageError: If there are not 1 or 3 channels, too few pixels, or values outside [-1, 1].
    """
    _, channels, height, width = images.shape
    if channels not in {1, 3}:
        msg = f"an image has {channels} channels, 1 (grey) or 3 (RGB) are needed"
        raise UsageError(msg)
    smallest = MIN_SIZES[trunk]
    if min(height, width) < smallest:
        msg = f"an image has {height} x {width} pixels, {trunk} needs at least {smallest} each way"
        raise UsageError(msg)
    if len(images):
        check_range(images.detach())
