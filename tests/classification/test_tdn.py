"""TDN has the published layers and sees motion."""

import pytest
import torch
from torch import nn

from sonoloop.classification.tdn import Tdn
from sonoloop.classification.temporal_difference import LongTermDifference


def test_parameters_are_as_many_as_counted() -> None:
    """26,112,520 with 1000 classes were counted on the authors' module.

    9,472 of them (64 x 3 x 7 x 7 and 64 biases) are a second image stem it holds and never uses.
    """
    with torch.device("meta"):
        net = Tdn(1000)
    assert sum(weight.numel() for weight in net.parameters()) == 26_112_520 - 9_472


def test_long_term_differences_stand_in_all_but_the_first_stage() -> None:
    """One in each of the 13 blocks of stages 2 to 4."""
    with torch.device("meta"):
        net = Tdn(2)
    gates = [name for name, part in net.named_modules() if isinstance(part, LongTermDifference)]
    assert len(gates) == 13
    assert not any("layer1" in name for name in gates)


@pytest.fixture(scope="module")
def net() -> Tdn:
    """Return one with random weights for two stretches."""
    torch.manual_seed(0)
    net = Tdn(2, num_stretches=2).eval()
    nn.init.normal_(net.fc.weight)
    return net


def test_only_the_middle_frames_count_where_nothing_moves(net: Tdn) -> None:
    """With its differences switched off, other frames than the third of each five do not matter."""
    clip = torch.rand(1, 1, 10, 64, 64) * 2 - 1
    other = torch.rand_like(clip) * 2 - 1
    other[:, :, [2, 7]] = clip[:, :, [2, 7]]
    with torch.inference_mode():
        assert not torch.allclose(net(clip), net(other), rtol=1e-2)
        kept = net.difference.bn.weight.clone()
        net.difference.bn.weight.zero_()
        torch.testing.assert_close(net(clip), net(other))
        net.difference.bn.weight.copy_(kept)


def test_image_and_differences_count_half_each() -> None:
    """.5 and .5 for 8 stretches, .75 and .25 for 16 (the authors' code)."""
    with torch.device("meta"):
        assert [Tdn(2, num_stretches=count).image_share for count in (8, 16)] == [0.5, 0.75]
