"""Out of memory: which batch would fit, found by trying smaller ones."""

from collections.abc import Callable
from typing import Final, NamedTuple

import torch

from sonoloop.errors import is_out_of_memory

SMALLEST: Final = 1


class Tried(NamedTuple):
    """What did not fit.

    Args:
        batch_size: Items of all processes.
        num_processes: How many share them.
        parts: In which each takes its items.
    """

    batch_size: int
    num_processes: int
    parts: int


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


def memory_sentence(title: str, tried: Tried, fitting: int | None, *, divisible: bool) -> str:
    """Say that memory is over and what would fit.

    Args:
        title: Stage that is trained.
        tried: What did not fit.
        fitting: Items of one process that fit at a time, as ``fitting_batch_size`` found it.
        divisible: Whether a batch may be taken in parts.
    """
    section = f"{title}_training"
    setting = f"{section}.batch_size"
    parts = f" in {tried.parts} parts" if tried.parts > 1 else ""
    said = f"out of memory with {setting} {tried.batch_size}{parts}"
    if fitting is None:
        return (
            f"{said}, and with 1: close other programs, or take a smaller clip.size or model; the "
            "last checkpoint stays"
        )
    if divisible:
        more = fewest_parts(tried.batch_size // tried.num_processes, fitting)
        return (
            f"{said}; {fitting} at a time may fit: run the same command again with --resume --set "
            f"{section}.accumulate_grad_batches={more}, which gives the same gradients in {more} "
            "parts"
        )
    total = fitting * tried.num_processes
    return (
        f"{said}; {total} fits: start again in another --out with --set {setting}={total}, and "
        "--init with this run where it holds a checkpoint"
    )


def fewest_parts(batch_size: int, fitting: int) -> int:
    """Divide a batch evenly into as few parts as fit.

    Args:
        batch_size: Items of one process.
        fitting: Items that fit at a time; at least 1.
    """
    return next(
        parts
        for parts in range(1, batch_size + 1)
        if batch_size % parts == 0 and batch_size // parts <= fitting
    )
