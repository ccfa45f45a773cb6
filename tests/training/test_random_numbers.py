"""Random numbers follow from seed, step and rank alone."""

import torch
from torch.nn.functional import dropout

from sonoloop.training.random_numbers import seed_step

CPU = torch.device("cpu")


def draw(seed: int, step: int, rank: int) -> tuple[list[float], list[float]]:
    """Draw from the step's generator and, by dropout, from the global one."""
    generator = seed_step(seed, step, rank, CPU)
    return torch.rand(4, generator=generator).tolist(), dropout(torch.ones(64)).tolist()


def test_same_place_same_numbers() -> None:
    """Whatever was drawn before."""
    first = draw(3, 5, 0)
    torch.rand(100)
    assert draw(3, 5, 0) == first


def test_other_place_other_numbers() -> None:
    """Seed, step and rank all count."""
    draws = [draw(*place) for place in [(3, 5, 0), (4, 5, 0), (3, 6, 0), (3, 5, 1)]]
    assert len({tuple(own) for own, _ in draws}) == 4
    assert len({tuple(shared) for _, shared in draws}) == 4
