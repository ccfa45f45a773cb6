"""A still in the space of I3D's clips."""

from pathlib import Path

import pytest
import torch

from sonoloop.errors import UsageError
from sonoloop.features.inflated_inception import (
    ConvolutionUnit,
    InflatedInception,
    MixedBlock,
    same_max_pool,
)
from sonoloop.features.still_i3d import StillI3d, show_for_ever


@pytest.fixture(scope="module")
def net() -> StillI3d:
    """Wrap random weights."""
    torch.manual_seed(0)
    inner = InflatedInception(400).requires_grad_(requires_grad=False)
    return StillI3d(inner, checksum="random")


def test_a_still_is_the_middle_of_a_long_clip_that_does_not_change() -> None:
    """Far from both ends, convolutions, pools and a whole block give what the still gives."""
    torch.manual_seed(1)
    block = MixedBlock(3, (4, 4, 6, 4, 6, 4)).requires_grad_(requires_grad=False)
    still = torch.rand(2, 3, 1, 8, 8)
    long = block(same_max_pool(still.expand(-1, -1, 15, -1, -1), (3, 3, 3), (1, 2, 2)))
    for unit in block.children():
        assert isinstance(unit, ConvolutionUnit)
        show_for_ever(unit)
    found = block(same_max_pool(still, (3, 3, 3), (1, 2, 2)))
    assert found.shape[2] == 1
    torch.testing.assert_close(found[:, :, 0], long[:, :, 7])
    # At the ends the long clip sees padding, so the equality above is no matter of course.
    assert not torch.allclose(found[:, :, 0], long[:, :, 0])


def test_every_frame_is_seen_on_its_own(net: StillI3d) -> None:
    """Frames of a clip in another order give the same features in that order."""
    clip = torch.rand(2, 1, 3, 40, 50) * 2 - 1
    features = net(clip)
    assert features.shape == (2, 3, 400)
    order = [2, 0, 1]
    torch.testing.assert_close(net(clip[:, :, order]), features[:, order])
    assert not torch.allclose(features[:, 0], features[:, 1])


def test_what_is_no_clip_is_refused(net: StillI3d) -> None:
    """Pixels outside [-1, 1]."""
    with pytest.raises(UsageError, match="must be in"):
        net(torch.full((1, 1, 1, 8, 8), 2.0))


def test_missing_weights_name_the_command(tmp_path: Path) -> None:
    """Offline without weights: the sentence says how to get them."""
    with pytest.raises(UsageError, match="sonoloop weights fetch i3d-kinetics-400"):
        StillI3d.from_weights(tmp_path)
