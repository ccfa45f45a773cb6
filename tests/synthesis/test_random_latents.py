"""The control in stage 2's place."""

import pytest
import torch

from sonoloop.errors import UsageError
from sonoloop.synthesis.random_latents import RandomTrainingLatents


def generators(count: int) -> list[torch.Generator]:
    """Make one generator an item."""
    return [torch.Generator().manual_seed(item) for item in range(count)]


def bank() -> RandomTrainingLatents:
    """Hold five latents that say their number."""
    sampler = RandomTrainingLatents(5, (3, 2))
    sampler.latents.copy_(torch.arange(5.0)[:, None, None].expand(5, 3, 2))
    return sampler


def test_every_training_latent_is_as_likely_and_nothing_else_is_drawn() -> None:
    """1000 draws: each of five about 200 times (five standard deviations of 12.6)."""
    drawn = bank().sample(torch.zeros(1000, 1, 4, 4), generators=generators(1000))
    assert drawn.shape == (1000, 3, 2)
    assert (drawn == drawn[:, :1, :1]).all()
    counts = torch.bincount(drawn[:, 0, 0].long(), minlength=5)
    assert len(counts) == 5
    assert ((counts - 200).abs() < 63).all()


def test_an_item_depends_on_its_generator_alone() -> None:
    """Same seed, same latent, whatever the still and whatever is drawn beside it."""
    together = bank().sample(torch.zeros(4, 1, 4, 4), generators=generators(4))
    alone = bank().sample(torch.ones(1, 1, 4, 4), generators=generators(4)[3:])
    assert torch.equal(together[3:], alone)


def test_steps_are_refused() -> None:
    """There is nothing to do in steps."""
    with pytest.raises(UsageError, match="chosen in one step, not in 7"):
        bank().sample(torch.zeros(1, 1, 4, 4), generators=generators(1), num_inference_steps=7)
