"""Random numbers of a batch, the same however many processes share it.

Item i of a batch that W processes share is item i // W of process i % W. Every process draws for
all items from the same seed and keeps its own, so that a training in several processes is that in
one, to rounding. What is drawn is small beside what is computed from it.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


class SharedGenerator(torch.Generator):
    """A generator that knows which items of the batch are this process's.

    Functions of this file take plain generators too: those stand for one process.
    """

    rank: int = 0
    """Number of this process."""
    num_processes: int = 1
    """How many share the batch."""


def batch_normal(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """Draw standard normal numbers on the generator's device.

    Args:
        shape: Items of this process first.
        generator: Of the whole batch.
    """
    return _own(
        lambda size: torch.randn(size, generator=generator, device=generator.device),
        shape,
        generator,
    )


def batch_uniform(
    shape: Sequence[int], generator: torch.Generator, dtype: torch.dtype | None = None
) -> Tensor:
    """Draw numbers in [0, 1) on the generator's device.

    Args:
        shape: Items of this process first.
        generator: Of the whole batch.
        dtype: Of the numbers; None for torch's default.
    """
    return _own(
        lambda size: torch.rand(size, generator=generator, device=generator.device, dtype=dtype),
        shape,
        generator,
    )


def batch_integers(below: int, shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """Draw integers 0 to ``below`` - 1 on the generator's device.

    Args:
        below: First integer that does not occur.
        shape: Items of this process first.
        generator: Of the whole batch.
    """
    return _own(
        lambda size: torch.randint(below, size, generator=generator, device=generator.device),
        shape,
        generator,
    )


def batch_dropout(values: Tensor, chance: float, generator: torch.Generator) -> Tensor:
    """Set values to zero at random and scale the others up (Srivastava et al. 2014).

    Args:
        values: Items of this process first.
        chance: Of zero, in [0, 1).
        generator: Of the whole batch.
    """
    if chance == 0:
        return values
    kept = batch_uniform(values.shape, generator) >= chance
    return values * kept.to(values.device) / (1 - chance)


def _own(
    draw: Callable[[tuple[int, ...]], Tensor], shape: Sequence[int], generator: torch.Generator
) -> Tensor:
    """Draw for all processes and keep the items of this one."""
    if not isinstance(generator, SharedGenerator):
        return draw(tuple(shape))
    drawn = draw((shape[0] * generator.num_processes, *shape[1:]))
    return drawn[generator.rank :: generator.num_processes]
