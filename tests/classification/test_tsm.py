"""TSM is ResNet-50 with shifts."""

import pytest
import torch
from torch import nn

from sonoloop.classification.grey_input import GreyToColour, as_frames
from sonoloop.classification.temporal_shift import TemporalShift
from sonoloop.classification.tsm import Tsm
from sonoloop.layers.resnet50 import ResNet50


@pytest.fixture(scope="module")
def net() -> Tsm:
    """Return one with random weights."""
    torch.manual_seed(0)
    return Tsm(2, num_frames=4).eval()


def test_shifts_add_no_parameters() -> None:
    """25,557,032 with 1000 classes, as ResNet-50; a shift before all 16 blocks."""
    with torch.device("meta"):
        net = Tsm(1000)
    assert sum(weight.numel() for weight in net.parameters()) == 25_557_032
    shifts = [part for part in net.trunk.modules() if isinstance(part, TemporalShift)]
    assert len(shifts) == 16


def test_names_are_torchvisions() -> None:
    """Without "trunk." its weights are called as ResNet-50's."""
    with torch.device("meta"):
        names = {name.removeprefix("trunk.") for name in Tsm(2).state_dict()}
        assert names == set(ResNet50(2).state_dict())


def test_logits_are_the_mean_over_the_frames(net: Tsm) -> None:
    """The last layer is linear: mean of logits = logits of the mean features; clips stay apart."""
    nn.init.normal_(net.fc.weight)
    clip = torch.rand(2, 1, 4, 32, 32) * 2 - 1
    with torch.inference_mode():
        features = net.trunk(as_frames(GreyToColour()(clip))).unflatten(0, (2, 4)).mean(1)
        torch.testing.assert_close(net(clip), net.fc(features), rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(net(clip)[1:], net(clip[1:]), rtol=1e-3, atol=1e-3)


def test_the_order_of_frames_matters(net: Tsm) -> None:
    """A clip and the same backwards get other logits: frames see their neighbours."""
    nn.init.normal_(net.fc.weight)
    clip = torch.rand(1, 1, 4, 32, 32) * 2 - 1
    with torch.inference_mode():
        assert not torch.allclose(net(clip), net(clip.flip(2)), rtol=1e-3)
