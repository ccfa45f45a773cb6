"""Random numbers follow from seed and step alone."""

import torch

from sonoloop.batch_random import batch_uniform
from sonoloop.training.random_numbers import seed_step

CPU = torch.device("cpu")


def draw(seed: int, step: int, rank: int = 0) -> tuple[list[float], list[float]]:
    """Draw from the step's generator and from the global one."""
    generator = seed_step(seed, step, CPU, rank=rank, num_processes=2)
    return torch.rand(4, generator=generator).tolist(), torch.rand(4).tolist()


def test_same_place_same_numbers() -> None:
    """Whatever was drawn before."""
    first = draw(3, 5)
    torch.rand(100)
    assert draw(3, 5) == first


def test_other_place_other_numbers() -> None:
    """Seed and step count; processes share the step's numbers, not the global ones."""
    draws = [draw(*place) for place in [(3, 5), (4, 5), (3, 6), (3, 5, 1)]]
    assert len({tuple(own) for own, _ in draws}) == 3
    assert draws[0][0] == draws[3][0]
    assert len({tuple(others) for _, others in draws}) == 4


def test_processes_divide_the_batch_of_one() -> None:
    """Items alternate."""
    whole = batch_uniform((6, 2), seed_step(0, 0, CPU))
    parts = [
        batch_uniform((3, 2), seed_step(0, 0, CPU, rank=rank, num_processes=2)) for rank in (0, 1)
    ]
    assert torch.equal(whole[0::2], parts[0])
    assert torch.equal(whole[1::2], parts[1])
