"""CPU threads of a computation: they share its sums, so their number decides the last bits."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def torch_threads(count: int | None) -> Iterator[None]:
    """Compute with a number of CPU threads: the same number gives the same bytes.

    Args:
        count: Threads; None leaves the number as it is.
    """
    former = torch.get_num_threads()
    torch.set_num_threads(count or former)
    try:
        yield
    finally:
        torch.set_num_threads(former)
