"""The Inception of I3D against an independent one that pads by hand and folds nothing."""

from itertools import product
from typing import TYPE_CHECKING

import pytest
import torch
from torch.nn import functional

from sonoloop.features.inflated_inception import (
    ConvolutionUnit,
    InflatedInception,
    load_inception,
    same_max_pool,
    same_padding,
)
from sonoloop.features.weight_sources import SOURCES

if TYPE_CHECKING:
    from conftest import ReferenceI3d


@pytest.mark.parametrize(("kernel", "stride"), [(7, 2), (3, 1), (3, 2), (2, 2), (1, 1)])
def test_same_padding_gives_one_output_per_stride(kernel: int, stride: int) -> None:
    """ceil(n / stride) windows, no padding to spare, the odd one after."""
    for size in range(1, 40):
        before, after = same_padding(size, kernel, stride)
        padded = size + before + after
        num_windows = (padded - kernel) // stride + 1 if padded >= kernel else 0
        assert num_windows == -(-size // stride)
        assert after - before in {0, 1}
        assert not before + after or (padded - kernel) % stride == 0


@pytest.mark.parametrize(
    ("kernel", "stride"), [((1, 3, 3), (1, 2, 2)), ((3, 3, 3), (2, 2, 2)), ((2, 2, 2), (2, 2, 2))]
)
def test_max_pool_equals_padding_by_hand(
    kernel: tuple[int, int, int], stride: tuple[int, int, int]
) -> None:
    """Odd and even sizes; the padding is never the maximum."""
    generator = torch.Generator().manual_seed(0)
    for t, h, w in product((4, 5), (8, 9), (10, 11)):
        clip = torch.randn(1, 2, t, h, w, generator=generator) - 5
        sides = [same_padding(*axis) for axis in zip((t, h, w), kernel, stride, strict=True)]
        padded = functional.pad(clip, [n for side in reversed(sides) for n in side], value=-1e9)
        expected = functional.max_pool3d(padded, kernel, stride)
        assert torch.equal(same_max_pool(clip, kernel, stride), expected)


@pytest.mark.parametrize(("kernel", "stride"), [(7, 2), (3, 1), (1, 1)])
def test_convolution_equals_the_sum_written_out(kernel: int, stride: int) -> None:
    """Windows of the padded clip times the kernel, on sizes that need uneven padding."""
    torch.manual_seed(0)
    unit = ConvolutionUnit(3, 4, kernel, stride).requires_grad_(requires_grad=False)
    clip = torch.randn(2, 3, 8, 9, 10)
    sides = [same_padding(size, kernel, stride) for size in clip.shape[2:]]
    windows = functional.pad(clip, [n for side in reversed(sides) for n in side])
    for axis in (2, 3, 4):
        windows = windows.unfold(axis, kernel, stride)
    expected = torch.einsum("bcthwijk,ocijk->bothw", windows, unit.conv.weight)
    expected = (expected + unit.conv.bias.reshape(-1, 1, 1, 1)).clamp(min=0)
    torch.testing.assert_close(unit(clip), expected, rtol=1e-5, atol=1e-5)


def test_grey_is_the_same_as_three_equal_colours() -> None:
    """Computed with a third of the work."""
    torch.manual_seed(0)
    unit = ConvolutionUnit(3, 4, 7, 2).requires_grad_(requires_grad=False)
    grey = torch.randn(1, 1, 9, 32, 32)
    torch.testing.assert_close(unit(grey), unit(grey.repeat(1, 3, 1, 1, 1)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("num_frames", [9, 19])
def test_the_net_equals_the_independent_one(
    reference_kinetics: "ReferenceI3d", num_frames: int
) -> None:
    """Random weights, batch norm not folded there; 1e-4 of the features' size."""
    net = load_inception(reference_kinetics.units, num_classes=400, eps=1e-3)
    generator = torch.Generator().manual_seed(num_frames)
    clip = torch.rand(1, 3, num_frames, 224, 224, generator=generator) * 2 - 1
    expected = reference_kinetics.pooled(clip)
    assert (expected > 0).float().mean() > 0.5
    pooled = net.pooled(clip)
    torch.testing.assert_close(pooled, expected, rtol=0, atol=1e-4 * float(expected.std()))
    weight = torch.from_numpy(reference_kinetics.units["logits.weight"]).flatten(1)
    logits = expected @ weight.T + torch.from_numpy(reference_kinetics.units["logits.bias"])
    torch.testing.assert_close(net(clip), logits, rtol=1e-3, atol=1e-3 * float(logits.std()))


def test_size_is_that_of_the_published_file() -> None:
    """57 convolutions with three numbers of batch norm a channel, and the classifier."""
    with torch.device("meta"):
        net = InflatedInception(400)
    state = net.state_dict()
    assert sum(name.endswith("conv.weight") for name in state) == 57
    num_unfolded = sum(
        tensor.numel() * (3 if name.endswith("conv.bias") else 1) for name, tensor in state.items()
    )
    assert 4 * num_unfolded == SOURCES["i3d-kinetics-400"].converted_bytes


def test_missing_weights_are_refused(reference_kinetics: "ReferenceI3d") -> None:
    """By name."""
    units = {
        key: a for key, a in reference_kinetics.units.items() if "mixed_4d.branch_3" not in key
    }
    with pytest.raises(RuntimeError, match=r"mixed\.mixed_4d\.branch_3\.conv\.weight"):
        load_inception(units, num_classes=400, eps=1e-3)
