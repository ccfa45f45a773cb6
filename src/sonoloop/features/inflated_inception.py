"""The Inception-v1 of I3D, inflated to three dimensions (Carreira & Zisserman 2017).

arXiv:1705.07750, Figure 3; widths from Szegedy et al. 2015, arXiv:1409.4842, Table 1. Every
convolution and max pool is padded as TensorFlow's SAME. Batch norm is folded into the
convolutions when weights are loaded.
"""

from collections.abc import Sequence
from typing import Final

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sonoloop.features.batch_norm_folding import fold_batch_norm
from sonoloop.features.pickled_arrays import Arrays
from sonoloop.shapes import Clip

FRAME_SIZE: Final = 224
"""Height and width in pixels that the last pool takes to a single position."""

MIN_FRAMES: Final = 9
"""Fewer leave no room for the last pool, which spans 2 of every 8 frames."""

NUM_FEATURES: Final = 1024
MIXED_WIDTHS: Final = {
    "mixed_3b": (64, 96, 128, 16, 32, 32),
    "mixed_3c": (128, 128, 192, 32, 96, 64),
    "mixed_4b": (192, 96, 208, 16, 48, 64),
    "mixed_4c": (160, 112, 224, 24, 64, 64),
    "mixed_4d": (128, 128, 256, 24, 64, 64),
    "mixed_4e": (112, 144, 288, 32, 64, 64),
    "mixed_4f": (256, 160, 320, 32, 128, 128),
    "mixed_5b": (256, 160, 320, 32, 128, 128),
    "mixed_5c": (384, 192, 384, 48, 128, 128),
}
"""Block -> channels of branch 0, 1a, 1b, 2a, 2b and 3, in the order of the net."""

Maps = Float[Tensor, "b _channels _t _h _w"]
"""Features at a grid of places."""

_POOLS_BEFORE: Final = {"mixed_4b": (3, 3, 3), "mixed_5b": (2, 2, 2)}
"""Block -> kernel of the max pool, of stride 2, before it."""

KERNEL_AXES: Final = 5
"""Output and input channels, frames, height, width."""


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Compute what TensorFlow's SAME adds before and after an axis.

    In all max((ceil(size / stride) - 1) stride + kernel - size, 0), the odd one after.
    Source: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2

    Args:
        size: Length of the axis.
        kernel: Length of the kernel.
        stride: Step of the kernel.
    """
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def same_max_pool(clip: Maps, kernel: Sequence[int], stride: Sequence[int]) -> Maps:
    """Pool with SAME padding, the padding never being the maximum.

    Args:
        clip: Features.
        kernel: Along t, h, w.
        stride: Along t, h, w; at most the kernel's.
    """
    sides = [same_padding(*axis) for axis in zip(clip.shape[2:], kernel, stride, strict=True)]
    # ceil_mode lets the last window reach over the end: the padding after.
    before = [side[0] for side in sides]
    return functional.max_pool3d(clip, list(kernel), list(stride), before, ceil_mode=True)


class ConvolutionUnit(nn.Module):
    """A SAME-padded convolution with bias, and a ReLU."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> None:
        """Allocate weights.

        Args:
            in_channels: Of the input.
            out_channels: Of the output.
            kernel: Length along t, h and w.
            stride: Along t, h and w.
        """
        super().__init__()
        self.conv = nn.Conv3d(in_channels, out_channels, kernel, stride)
        self.kernel, self.stride = kernel, stride

    def forward(self, clip: Maps) -> Maps:
        """Convolve; grey input meets the kernel summed over its colours."""
        weight = self.conv.weight
        if clip.shape[1] == 1 < weight.shape[1]:
            weight = weight.float().sum(1, keepdim=True).to(weight.dtype)
        sides = [same_padding(size, self.kernel, self.stride) for size in clip.shape[2:]]
        if all(before == after for before, after in sides):
            padding = [before for before, _ in sides]
        else:
            clip = functional.pad(clip, [pad for side in reversed(sides) for pad in side])
            padding = [0, 0, 0]
        out = functional.conv3d(clip, weight, self.conv.bias, self.stride, padding)
        return functional.relu(out, inplace=True)


class MixedBlock(nn.Module):
    """Four branches side by side: 1, 1 then 3, 1 then 3, and pool then 1."""

    def __init__(self, in_channels: int, widths: Sequence[int]) -> None:
        """Allocate weights.

        Args:
            in_channels: Of the input.
            widths: Channels of branch 0, 1a, 1b, 2a, 2b and 3.
        """
        super().__init__()
        self.branch_0 = ConvolutionUnit(in_channels, widths[0], 1)
        self.branch_1a = ConvolutionUnit(in_channels, widths[1], 1)
        self.branch_1b = ConvolutionUnit(widths[1], widths[2], 3)
        self.branch_2a = ConvolutionUnit(in_channels, widths[3], 1)
        self.branch_2b = ConvolutionUnit(widths[3], widths[4], 3)
        self.branch_3 = ConvolutionUnit(in_channels, widths[5], 1)
        self.num_channels = widths[0] + widths[2] + widths[4] + widths[5]

    def forward(self, clip: Maps) -> Maps:
        """Concatenate the branches."""
        branches = (
            self.branch_0(clip),
            self.branch_1b(self.branch_1a(clip)),
            self.branch_2b(self.branch_2a(clip)),
            self.branch_3(same_max_pool(clip, (3, 3, 3), (1, 1, 1))),
        )
        return torch.cat(branches, 1)


class InflatedInception(nn.Module):
    """I3D up to its last pool, and its classifier."""

    def __init__(self, num_classes: int) -> None:
        """Allocate weights.

        Args:
            num_classes: Of the classifier.
        """
        super().__init__()
        self.conv_1a = ConvolutionUnit(3, 64, 7, 2)
        self.conv_2b = ConvolutionUnit(64, 64, 1)
        self.conv_2c = ConvolutionUnit(64, 192, 3)
        self.mixed = nn.ModuleDict()
        channels = 192
        for name, widths in MIXED_WIDTHS.items():
            block = MixedBlock(channels, widths)
            self.mixed[name] = block
            channels = block.num_channels
        self.logits = nn.Linear(NUM_FEATURES, num_classes)

    def pooled(self, clip: Clip) -> Float[Tensor, "b 1024"]:
        """Compute the features after the average pool (2, 7, 7), mean over its positions.

        Args:
            clip: Frames of 224 x 224 in [-1, 1], grey or RGB, at least 9.

        Returns:
            In float32.
        """
        frames = clip.to(self.conv_1a.conv.weight.dtype, memory_format=torch.channels_last_3d)
        features = same_max_pool(self.conv_1a(frames), (1, 3, 3), (1, 2, 2))
        features = self.conv_2c(self.conv_2b(features))
        features = same_max_pool(features, (1, 3, 3), (1, 2, 2))
        for name, block in self.mixed.items():
            if name in _POOLS_BEFORE:
                features = same_max_pool(features, _POOLS_BEFORE[name], (2, 2, 2))
            features = block(features)
        reach = min(2, features.shape[2])  # 1 for a single frame, see still_i3d.py
        pooled = functional.avg_pool3d(features.float(), (reach, 7, 7), stride=1)  # VALID
        return rearrange(pooled, "b c t h w -> b c (t h w)").mean(2)

    def forward(self, clip: Clip) -> Float[Tensor, "b classes"]:
        """Compute the logits, mean over positions.

        The published net averages logits of a 1x1x1 convolution; being linear, it may as well
        average what goes in.

        Args:
            clip: Frames of 224 x 224 in [-1, 1], grey or RGB, at least 9.

        Returns:
            In float32.
        """
        return functional.linear(
            self.pooled(clip), self.logits.weight.float(), self.logits.bias.float()
        )


def load_inception(arrays: Arrays, *, num_classes: int, eps: float) -> InflatedInception:
    """Build a net from stored weights, frozen and laid out channels last.

    Args:
        arrays: As ``fold_batch_norm`` takes them.
        num_classes: Of the classifier.
        eps: Of the batch norm.

    Raises:
        RuntimeError: If a weight is missing, unknown or of another shape.
    """
    with torch.device("meta"):
        net = InflatedInception(num_classes)
    units = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
    state = {}
    for name, tensor in fold_batch_norm(units, eps=eps).items():
        unit, _, leaf = name.rpartition(".")
        if unit == "logits":
            state[name] = tensor.flatten(1) if leaf == "weight" else tensor
        else:
            place = f"mixed.{unit}" if unit.startswith("mixed") else unit
            state[f"{place}.conv.{leaf}"] = tensor
    kernels = {name: tensor for name, tensor in state.items() if tensor.ndim == KERNEL_AXES}
    for name, kernel in kernels.items():
        state[name] = kernel.contiguous(memory_format=torch.channels_last_3d)
    net.load_state_dict(state, assign=True)
    return net.requires_grad_(requires_grad=False).eval()
