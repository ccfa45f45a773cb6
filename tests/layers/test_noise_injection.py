"""Noise enters every channel with a strength of its own, from none."""

import torch

from sonoloop.layers.noise_injection import NoiseInjection


def test_it_starts_without_noise() -> None:
    """At the start features pass unchanged, whatever the noise."""
    features = torch.randn(2, 3, 4, 8, 8)
    layer = NoiseInjection(3, 1)
    torch.testing.assert_close(layer(features, torch.randn(2, 1, 4, 16, 16)), features)


def test_each_of_the_four_pixels_below_a_feature_counts() -> None:
    """With strengths 1, 2, 3, 4 a feature gains that sum of its 2x2 block, row by row."""
    layer = NoiseInjection(1, 1)
    layer.strength.weight.data.copy_(torch.tensor([1.0, 2, 3, 4]).view(1, 4, 1, 1, 1))
    noise = torch.zeros(1, 1, 1, 4, 4)
    noise[..., 2:, :2] = torch.tensor([[1.0, 10], [100, 1000]])
    out = layer(torch.zeros(1, 1, 1, 2, 2), noise)
    assert out.flatten().tolist() == [0, 0, 1 + 20 + 300 + 4000, 0]
