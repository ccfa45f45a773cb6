"""SPADE's maps come from the image alone and act place by place."""

import torch

from sonoloop.layers.spade import HIDDEN_CHANNELS, SpadeMaps, SpatiallyAdaptiveNorm3d


def test_maps_have_the_size_asked_for_and_start_small() -> None:
    """Gamma and beta for each channel; an untrained norm does little more than normalise."""
    torch.manual_seed(0)
    maps = SpadeMaps(3, 8, size=5)
    made = maps(torch.rand(2, 3, 20, 20))
    assert made.shape == (2, 16, 5, 5)
    assert made.abs().max() < 0.2
    count = sum(weight.numel() for weight in maps.parameters())
    assert count == (3 * 9 + 1) * HIDDEN_CHANNELS + (HIDDEN_CHANNELS * 9 + 1) * 16


def test_norm_scales_and_shifts_each_place_alike_in_every_frame() -> None:
    """norm(x) (1 + gamma) + beta (Park et al. 2019, Eq. 1, with 1 + gamma as in their code).

    Expected values from torch's own group norm, 16 groups as in the cINN.
    """
    torch.manual_seed(0)
    features, gamma, beta = torch.randn(1, 32, 3, 4, 4), torch.randn(1, 32, 4, 4), torch.ones(1)
    maps = torch.cat([gamma, beta.expand_as(gamma)], dim=1)
    expected = torch.nn.functional.group_norm(features, 16) * (1 + gamma.unsqueeze(2)) + 1
    norm = SpatiallyAdaptiveNorm3d(32)
    torch.testing.assert_close(norm(features, maps), expected)
    assert list(norm.parameters()) == []
