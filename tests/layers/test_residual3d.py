"""Residual blocks keep ResNet's arithmetic."""

import pytest
import torch
from torch.nn import functional

from sonoloop.layers.residual3d import ResidualBlock3d, group_norm


def test_a_block_with_a_silent_branch_is_relu() -> None:
    """With the residual's last norm at zero the block returns relu(x), whatever the branch."""
    block = ResidualBlock3d(8, 8)
    torch.nn.init.zeros_(block.norm2.weight)
    features = torch.randn(2, 8, 4, 6, 6)
    torch.testing.assert_close(block(features), functional.relu(features))


@pytest.mark.parametrize("stride", [(1, 2, 2), (2, 2, 2), (1, 1, 1)])
def test_strides_divide_time_and_space(stride: tuple[int, int, int]) -> None:
    """The output is smaller by the stride, in channels as asked."""
    out = ResidualBlock3d(4, 6, stride=stride)(torch.randn(1, 4, 4, 8, 8))
    assert out.shape == (1, 6, 4 // stride[0], 8 // stride[1], 8 // stride[2])


def test_the_shortcut_may_look_at_neighbours() -> None:
    """A 3x3x3 shortcut gives the same shape from 27 times the weights."""
    features = torch.randn(1, 4, 4, 8, 8)
    small, large = (
        ResidualBlock3d(4, 6, stride=(2, 2, 2), shortcut_kernel=kernel) for kernel in (1, 3)
    )
    assert small(features).shape == large(features).shape
    assert large.shortcut[0].weight.numel() == 27 * small.shortcut[0].weight.numel()


@pytest.mark.parametrize(("channels", "groups"), [(64, 16), (24, 12), (7, 7), (17, 1)])
def test_groups_always_divide_the_channels(channels: int, groups: int) -> None:
    """16 groups at most, the largest number that divides."""
    assert group_norm(channels).num_groups == groups
