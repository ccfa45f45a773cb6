"""Batches of a training: global sample n goes to step n // batch_size, process n % world_size.

Because the position in the data follows from the step, resuming needs no sampler state.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from sonoloop.errors import UsageError
from sonoloop.training.interruption import ignore_signals


@runtime_checkable
class Samples(Protocol):
    """Training samples by their global number, the same for the same number."""

    def __getitem__(self, n: int, /) -> npt.NDArray[np.uint8]:
        """Read one sample."""
        ...


def sample_numbers(
    first_step: int, max_steps: int, *, batch_size: int, rank: int = 0, world_size: int = 1
) -> range:
    """Tell which samples one process trains on, from a step to the end.

    Args:
        first_step: Number of steps already made.
        max_steps: Number of steps in all.
        batch_size: Samples per step over all processes.
        rank: Number of this process.
        world_size: Number of processes.

    Returns:
        Global sample numbers in order, ``batch_size / world_size`` for each step.

    Raises:
        UsageError: If the batch cannot be shared out evenly.
    """
    if batch_size % world_size:
        msg = (
            f"batch_size {batch_size} cannot be shared by {world_size} processes: "
            f"choose a multiple of {world_size}"
        )
        raise UsageError(msg)
    return range(first_step * batch_size + rank, max_steps * batch_size, world_size)


def read_batches(
    samples: Samples, numbers: range, *, batch_size: int, num_workers: int, pin_memory: bool
) -> Iterable[Tensor]:
    """Read samples in order and stack them.

    Args:
        samples: What to read.
        numbers: Which, in order; a multiple of ``batch_size``.
        batch_size: Samples per batch in this process.
        num_workers: Processes that read ahead; 0 reads in this one.
        pin_memory: Whether to copy batches to page-locked memory, for a GPU.

    Returns:
        Batches of uint8.
    """
    return DataLoader(
        samples,  # type: ignore[arg-type]  # a map-style dataset needs no base class
        batch_size=batch_size,
        sampler=numbers,
        num_workers=num_workers,
        collate_fn=stack_arrays,
        pin_memory=pin_memory,
        worker_init_fn=_start_worker,
        generator=torch.Generator(),  # else the loader draws from the global one
    )


def stack_arrays(arrays: Sequence[npt.NDArray[np.uint8]]) -> Tensor:
    """Stack samples of one shape along a new first axis.

    Args:
        arrays: Samples.

    Returns:
        One uint8 tensor.
    """
    return torch.from_numpy(np.stack(arrays))


def _start_worker(worker: int) -> None:
    del worker
    ignore_signals()
