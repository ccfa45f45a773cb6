"""Convolution and batch norm become one convolution."""

import torch
from torch.nn import functional

from sonoloop.features.batch_norm_folding import fold_batch_norm


def test_folding_keeps_what_has_no_batch_norm() -> None:
    """And scales by hand: 2 * 3 / sqrt(4) = 3, 1 - 5 * 3 / sqrt(4) = -6.5."""
    one = torch.ones(1)
    folded = fold_batch_norm(
        {
            "a.weight": 2 * torch.ones(1, 1, 1, 1, 1),
            "a.beta": one,
            "a.mean": 5 * one,
            "a.variance": 3.75 * one,
            "a.gamma": 3 * one,
            "logits.weight": 7 * one,
            "logits.bias": 8 * one,
        },
        eps=0.25,
    )
    assert {name: tensor.item() for name, tensor in folded.items()} == {
        "a.weight": 3,
        "a.bias": -6.5,
        "logits.weight": 7,
        "logits.bias": 8,
    }


def test_folded_convolutions_give_the_same_maps() -> None:
    """Of images and of clips, against convolution and batch norm one after the other."""
    torch.manual_seed(0)
    for axes, convolve in ((2, functional.conv2d), (3, functional.conv3d)):
        unit = {
            "a.weight": torch.randn(4, 3, *[3] * axes),
            "a.beta": torch.randn(4),
            "a.gamma": torch.rand(4) + 0.5,
            "a.mean": torch.randn(4),
            "a.variance": torch.rand(4) + 0.5,
        }
        pixels = torch.randn(2, 3, *[5] * axes)
        expected = functional.batch_norm(
            convolve(pixels, unit["a.weight"]),
            unit["a.mean"],
            unit["a.variance"],
            unit["a.gamma"],
            unit["a.beta"],
            eps=1e-3,
        )
        folded = fold_batch_norm(unit, eps=1e-3)
        found = convolve(pixels, folded["a.weight"], folded["a.bias"])
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
