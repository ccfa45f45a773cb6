"""Out of memory: which batch would fit, found by trying smaller ones."""

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from sonoloop.errors import is_out_of_memory

SMALLEST: Final = 1


def first_items(batch: object, count: int) -> object:
    """Take the first items of every tensor of a batch, whatever holds the tensors.

    Args:
        batch: A tensor, or a tuple of such and of what is no tensor.
        count: Items wanted.
    """
    if isinstance(batch, Tensor):
        return batch[:count]
    if isinstance(batch, tuple):
        parts = [first_items(part, count) for part in batch]
        make = getattr(batch, "_make", tuple)  # a named tuple has it
        return make(parts)
    return batch


def fitting_batch_size(attempt: Callable[[int], None], batch_size: int) -> int | None:
    """Halve a batch that did not fit until one does.

    Args:
        attempt: Makes a step with this many items; what it changes is not used any more.
        batch_size: Items that did not fit.

    Returns:
        Half, a quarter and so on; None where not even one item fits.
    """
    size = batch_size // 2
    while size >= SMALLEST:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        try:
            attempt(size)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            size //= 2
        else:
            return size
    return None


def memory_sentence(title: str, batch_size: int, fitting: int | None) -> str:
    """Say that memory is over and what would fit.

    Args:
        title: Stage that is trained.
        batch_size: Items of all processes.
        fitting: What fits, as ``fitting_batch_size`` found it.
    """
    setting = f"{title}_training.batch_size"
    if fitting is None:
        return (
            f"out of memory with {setting} {batch_size}, and with 1: close other programs, or take "
            "a smaller clip.size or model; the last checkpoint stays"
        )
    return (
        f"out of memory with {setting} {batch_size}; {fitting} fits: start again in another --out "
        f"with --set {setting}={fitting}, and --init with this run where it holds a checkpoint"
    )
