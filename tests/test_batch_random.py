"""Numbers of a batch do not depend on how many processes share it."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from sonoloop.batch_random import (
    SharedGenerator,
    batch_dropout,
    batch_integers,
    batch_normal,
    batch_uniform,
)


def generator(rank: int, num_processes: int) -> SharedGenerator:
    """Seed a generator that knows its share."""
    made = SharedGenerator()
    made.rank, made.num_processes = rank, num_processes
    made.manual_seed(7)
    return made


@pytest.mark.parametrize(
    "draw",
    [
        lambda count, source: batch_normal((count, 3), source),
        lambda count, source: batch_uniform((count, 3), source),
        lambda count, source: batch_uniform((count,), source, torch.float64),
        lambda count, source: batch_integers(9, (count, 2), source),
        lambda count, source: batch_dropout(torch.ones(count, 5), 0.4, source),
    ],
)
@pytest.mark.parametrize("num_processes", [1, 2, 3])
def test_shares_make_the_whole(
    draw: Callable[[int, torch.Generator], Tensor], num_processes: int
) -> None:
    """Item i is item i // W of process i % W, and a plain generator is that of one process."""
    whole = draw(6, torch.Generator().manual_seed(7))
    count = 6 // num_processes
    for rank in range(num_processes):
        own = draw(count, generator(rank, num_processes))
        assert torch.equal(own, whole[rank::num_processes])


def test_dropout_keeps_the_mean() -> None:
    """A quarter is zero, the rest is scaled up; chance 0 changes nothing and draws nothing."""
    source = torch.Generator().manual_seed(0)
    dropped = batch_dropout(torch.ones(100, 100), 0.25, source)
    assert torch.equal(dropped.unique(), torch.tensor([0, 1 / 0.75]))
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)
    state = source.get_state()
    values = torch.ones(3)
    assert batch_dropout(values, 0.0, source) is values
    assert torch.equal(source.get_state(), state)
