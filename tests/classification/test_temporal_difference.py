"""Differences vanish where nothing changes, and see what does."""

import pytest
import torch
from torch import nn

from sonoloop.classification.temporal_difference import LongTermDifference, ShortTermDifference


def test_five_equal_frames_have_no_differences() -> None:
    """S-TDM sees zeros: its features are what batch norm and the pooling make of zeros."""
    module = ShortTermDifference(64).eval()
    still = torch.rand(2, 1, 3, 32, 32).expand(-1, 5, -1, -1, -1)
    assert module(still).shape == (2, 64, 4, 4)
    torch.testing.assert_close(module(still), torch.zeros(2, 64, 4, 4))
    shifted = torch.stack([torch.roll(still[:, 0], step, -1) for step in range(5)], 1)
    assert module(shifted).abs().max() > 0.01


def test_differences_are_of_successive_frames_in_order() -> None:
    """With a kernel that passes one of the 12 channels, that difference comes out.

    Channel 3 k + c is colour c of frame k + 1 minus frame k (k from 0).
    """
    module = ShortTermDifference(64).eval()
    stretch = torch.zeros(1, 5, 3, 32, 32)
    stretch[:, 3:, 1] = 0.7  # between frames 2 and 3 the second colour jumps
    for channel in range(12):
        nn.init.zeros_(module.conv.weight)
        with torch.no_grad():
            module.conv.weight[0, channel, 3, 3] = 1.0
        expected = 0.7 / (1 + 1e-5) ** 0.5 if channel == 3 * 2 + 1 else 0.0
        assert module(stretch)[0, 0].max().item() == pytest.approx(expected, abs=1e-5)


def test_the_first_kernel_is_the_image_stems_mean() -> None:
    """Every one of the 12 channels begins with the mean over the colours."""
    module, stem = ShortTermDifference(4), torch.randn(4, 3, 7, 7)
    module.start_from(stem)
    for channel in range(12):
        torch.testing.assert_close(module.conv.weight[:, channel], stem.mean(1))


def _aligned(channels: int = 32, stretches: int = 3) -> LongTermDifference:
    """Build an L-TDM whose alignment passes features through, so differences are plain."""
    torch.manual_seed(0)
    module = LongTermDifference(channels, stretches).eval()
    nn.init.zeros_(module.align.weight)
    with torch.no_grad():
        module.align.weight[:, 0, 1, 1] = 1.0
    return module


def test_a_clip_that_does_not_change_passes_unchanged() -> None:
    """L-TDM: no differences, a gate of sigmoid(0) - 1/2 = 0, so x + x y = x."""
    module = _aligned()
    clip = torch.rand(2, 1, 32, 8, 8).expand(-1, 3, -1, -1, -1).flatten(0, 1)
    for difference in module.differences(clip):
        torch.testing.assert_close(difference, torch.zeros_like(difference), atol=1e-5, rtol=0)
    torch.testing.assert_close(module(clip), clip, atol=1e-5, rtol=1e-5)


def test_differences_are_those_of_the_neighbours() -> None:
    """Next minus own, 0 in the last stretch; previous minus own, 0 in the first; no other clip."""
    module = _aligned()
    clip = torch.rand(6, 32, 8, 8)
    own = module.squeeze_bn(module.squeeze(clip)).unflatten(0, (2, 3))
    forward, backward = (part.unflatten(0, (2, 3)) for part in module.differences(clip))
    torch.testing.assert_close(forward[:, :2], own[:, 1:] - own[:, :2])
    torch.testing.assert_close(backward[:, 1:], own[:, :2] - own[:, 1:])
    assert not forward[:, 2].any()
    assert not backward[:, 0].any()


def test_a_clip_and_the_same_backwards_are_gated_alike_backwards() -> None:
    """Both directions share their weights, so reversing time reverses the result."""
    module = _aligned()
    clip = torch.rand(3, 32, 8, 8)
    torch.testing.assert_close(module(clip.flip(0)), module(clip).flip(0))
    assert not torch.allclose(module(clip), clip, atol=1e-3)


def test_the_gate_changes_features_by_half_at_most() -> None:
    """1 + y lies between 1/2 and 3/2, whatever the weights."""
    module = _aligned()
    nn.init.constant_(module.expand_bn.weight, 100.0)
    clip = torch.rand(3, 32, 7, 7) + 0.1
    ratio = module(clip) / clip
    assert ratio.min() >= 0.5
    assert ratio.max() <= 1.5
    assert ratio.min() < 0.6
