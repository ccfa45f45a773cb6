"""Losses between critics and the autoencoder have their published values."""

import pytest
import torch
from torch import Tensor, nn

from sonoloop.autoencoder.adversarial import (
    adversarial_loss,
    critic_hinge_loss,
    feature_matching_loss,
    r1_penalty,
)
from sonoloop.autoencoder.critics import Verdict


@pytest.mark.parametrize(
    ("true", "made", "expected"),
    [(0.0, 0.0, 1.0), (1.0, -1.0, 0.0), (5.0, -5.0, 0.0), (-1.0, 1.0, 2.0)],
)
def test_hinge(true: float, made: float, expected: float) -> None:
    """1 for an undecided critic, 0 beyond the margin, 2 for one that is wrong by 1."""
    loss = critic_hinge_loss(torch.full((2, 1), true), torch.full((2, 1), made))
    torch.testing.assert_close(loss, torch.tensor(expected))


def test_the_autoencoder_wants_high_logits() -> None:
    """The loss falls as the critic is fooled."""
    torch.testing.assert_close(adversarial_loss(torch.tensor([1.0, 3.0])), torch.tensor(-2.0))


def test_feature_matching_is_the_mean_over_maps_of_the_mean_difference() -> None:
    """Maps of 1 and of 3 apart, whatever their sizes: 2."""
    true = [torch.zeros(1, 2, 4), torch.zeros(3)]
    made = [torch.ones(1, 2, 4), torch.full((3,), -3.0)]
    torch.testing.assert_close(feature_matching_loss(true, made), torch.tensor(2.0))


class _Linear(nn.Module):
    """D(v) = w . v."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, clip: Tensor) -> Verdict:
        return Verdict((clip * self.weight).flatten(1).sum(dim=1, keepdim=True), [])


def test_r1_of_a_linear_critic_is_its_squared_weights_and_can_be_minimised() -> None:
    """|dD/dv|^2 = |w|^2 at every clip, and its gradient is 2 w."""
    weight = torch.randn(1, 1, 2, 3, 3)
    critic = _Linear(weight.clone())
    penalty = r1_penalty(critic, torch.randn(4, 1, 2, 3, 3))
    torch.testing.assert_close(penalty, weight.square().sum())
    penalty.backward()
    torch.testing.assert_close(critic.weight.grad, 2 * weight)
