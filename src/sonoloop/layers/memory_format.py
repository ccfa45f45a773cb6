"""Layout of convolution kernels in memory: channels last, which CPUs and tensor cores prefer."""

import torch
from torch import nn


def use_channels_last(module: nn.Module) -> None:
    """Lay out the kernels of all convolutions channels last, in place; the numbers stay.

    A convolution with such a kernel gives features of that layout too. Measured on two cores of
    a Xeon with AMX (bf16, stage 1 at 128 pixels): a training step takes 2.2 s instead of 2.8 s.

    Args:
        module: Any network.
    """
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}  # by the kernel's axes
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Conv3d):
            for weight in part.parameters():  # under spectral norm the kernel has another name
                if weight.ndim in formats:
                    weight.data = weight.data.contiguous(memory_format=formats[weight.ndim])
