"""One step of the image autoencoder and its critic."""

import pytest
import torch
from torch import nn

from sonoloop.autoencoder.critics import PatchCritic
from sonoloop.flow.config import ConditionerConfig
from sonoloop.flow.image_autoencoder import ImageAutoencoder
from sonoloop.recipes.conditioner_step import CRITIC, STAGE, ConditionerStep, adaptive_weight

CONFIG = ConditionerConfig(perceptual=0.0)


def test_the_critic_comes_first_and_only_when_it_joins() -> None:
    """It does not teach the model through its own loss; the model's loss asks it."""
    torch.manual_seed(0)
    model = ImageAutoencoder(4, size=64, decoder_width=4)
    modules: dict[str, nn.Module] = {STAGE: model, CRITIC: PatchCritic(1, width=4, norm="actnorm")}
    step = ConditionerStep(CONFIG, model.last_layer)
    image, noise = torch.rand(2, 1, 64, 64) * 2 - 1, torch.randn(2, 4)
    alone = list(step(modules, image, noise, critic_joins=False))
    assert [name for name, _ in alone] == [STAGE]
    both = step(modules, image, noise, critic_joins=True)
    name, losses = next(both)
    assert name == CRITIC
    losses["loss"].backward()
    assert all(weight.grad is None for weight in model.parameters())
    name, losses = next(both)
    assert name == STAGE
    asked = losses["critic_weight"] * losses["adversarial"]
    plain = alone[0][1]["loss"]
    torch.testing.assert_close(losses["loss"], plain + asked, atol=1e-2, rtol=1e-4)


def test_the_critic_pulls_as_hard_as_the_rest() -> None:
    """Gradients of length 6 and 2: weight 3; one that says nothing has a bounded weight."""
    layer = torch.tensor([1.0, 0.0], requires_grad=True)
    weight = adaptive_weight(6 * layer[0], 2 * layer[1], layer)
    assert weight.item() == pytest.approx(3, abs=1e-3)
    assert adaptive_weight(6 * layer[0], 0 * layer[1], layer).item() == pytest.approx(1e4)
