"""The layout changes where numbers lie, not what they are."""

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from sonoloop.layers.memory_format import use_channels_last


def test_kernels_are_channels_last_and_the_result_stays() -> None:
    """2-D and 3-D kernels change their layout; outputs agree to rounding."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv3d(3, 4, 3), nn.Flatten(2, 3), nn.Conv2d(4, 5, 3))
    clip = torch.randn(2, 3, 6, 8, 8)
    before = network(clip)
    use_channels_last(network)
    assert network[0].weight.is_contiguous(memory_format=torch.channels_last_3d)
    assert network[2].weight.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(network(clip), before)


def test_kernels_under_spectral_norm_follow() -> None:
    """The stored kernel changes its layout, and the one computed from it."""
    convolution = spectral_norm(nn.Conv3d(3, 4, 3))
    use_channels_last(convolution)
    stored = convolution.parametrizations.weight.original
    for kernel in (stored, convolution.eval().weight):
        assert kernel.is_contiguous(memory_format=torch.channels_last_3d)
