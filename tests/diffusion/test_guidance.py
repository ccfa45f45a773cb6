"""Guidance is a line through what is known and what is hidden."""

import torch
from torch import Tensor

from sonoloop.diffusion.conditioning import Condition
from sonoloop.diffusion.guidance import Guided


def condition(value: float) -> Condition:
    """Make a condition that the denoiser below can read."""
    return Condition(torch.zeros(2, 0, 1, 1), torch.full((2, 1), value))


def denoiser(noisy: Tensor, level: Tensor, known: Condition) -> Tensor:
    """Predict what the condition says."""
    return known.pooled.expand_as(noisy) + 0 * level[:, None]


def test_weights_extrapolate_from_each_thing_hidden() -> None:
    """3 + (2 - 1) (3 - 1) + (0.5 - 1) (3 - 2) = 4.5; without hidden things the plain 3."""
    noisy, level = torch.zeros(2, 5), torch.ones(2)
    plain = Guided(condition(3))
    both = Guided(condition(3), ((2.0, condition(1)), (0.5, condition(2))))
    assert (plain.predict(denoiser, noisy, level) == 3).all()
    assert (both.predict(denoiser, noisy, level) == 4.5).all()


def test_weight_0_is_the_hidden_prediction() -> None:
    """Ho and Salimans 2022, Eq. 6: weight 0 ignores what is known."""
    guided = Guided(condition(3), ((0.0, condition(1)),))
    assert (guided.predict(denoiser, torch.zeros(2, 5), torch.ones(2)) == 1).all()
