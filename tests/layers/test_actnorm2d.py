"""The first training batch decides scale and shift; later ones do not."""

import torch

from sonoloop.layers.actnorm2d import ActNorm2d


def test_first_training_batch_comes_out_standardised() -> None:
    """Mean 0 and standard deviation 1 per channel, and the same map from then on."""
    layer = ActNorm2d(3)
    features = torch.randn(8, 3, 5, 5) * torch.tensor([1.0, 5, 0.1]).view(1, 3, 1, 1) + 2
    out = layer(features)
    torch.testing.assert_close(out.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(out.std(dim=(0, 2, 3)), torch.ones(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(layer(features + 1) - out, layer.scale.expand_as(out))


def test_evaluation_sets_nothing_and_a_loaded_layer_keeps_what_it_learnt() -> None:
    """Before training it is the identity; a state brought back is not set anew."""
    layer = ActNorm2d(2).eval()
    features = torch.randn(4, 2, 3, 3) * 3
    torch.testing.assert_close(layer(features), features)
    trained = ActNorm2d(2)
    expected = trained(features)
    other = ActNorm2d(2)
    other.load_state_dict(trained.state_dict())
    other(features * 10)
    torch.testing.assert_close(other(features), expected)


def test_what_others_see_counts_where_a_batch_is_shared() -> None:
    """Two layers that gather both halves start like one that sees the whole."""
    features = torch.randn(8, 3, 5, 5) * 2 + 1
    whole, half = ActNorm2d(3), ActNorm2d(3)
    half.gather = lambda _: features
    whole(features)
    half(features[:4])
    torch.testing.assert_close(half.state_dict(), whole.state_dict())
