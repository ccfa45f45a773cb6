"""Memory of a process and of those it started, and whether it grows; on Linux."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

WARM_UP: Final = 0.2
"""Part of the samples from the beginning that are left out."""
MOST_GROWTH: Final = 0.05
"""Of the mean, over all samples that are kept, to call it flat."""


def family(process: int, *, apart: int | None = None) -> Iterator[int]:
    """List a process and those that it and its children have started.

    A thread that ends while its children are being read loses only its own: another of the same
    process adopts them.

    Args:
        process: The oldest.
        apart: One to leave out, with its children.
    """
    waiting = [process]
    while waiting:
        one = waiting.pop()
        if one == apart:
            continue
        yield one
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            with suppress(FileNotFoundError, ProcessLookupError):
                waiting += map(int, children.read_text().split())


def memory_mb(process: int, *, apart: int | None = None) -> float:
    """Measure the memory of a process and those it has started.

    Pages that mirror files are left out: they come and go with what else runs on the machine.
    A page of several of these processes counts once. One that has ended has none.

    Args:
        process: The oldest.
        apart: One to leave out, with its children.
    """
    kibibytes = 0
    for one in family(process, apart=apart):
        with suppress(FileNotFoundError, ProcessLookupError):
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()[1:]
            fields = {line.split()[0]: int(line.split()[1]) for line in rollup}
            kibibytes += fields["Pss_Anon:"] + fields["Pss_Shmem:"]
    return kibibytes * 1024 / 1e6


class Growth(NamedTuple):
    """How memory changes after the warm-up.

    Args:
        megabytes: Rise of a straight line by least squares from the first sample to the last.
        is_flat: Whether that is little.
    """

    megabytes: float
    is_flat: bool


def growth(memory: Sequence[float]) -> Growth:
    """Fit a line.

    Args:
        memory: Samples in MB, equally far apart.
    """
    kept = np.asarray(memory[round(len(memory) * WARM_UP) :])
    rise = float(np.polyfit(np.arange(len(kept)), kept, 1)[0] * (len(kept) - 1))
    return Growth(rise, rise <= MOST_GROWTH * float(kept.mean()))


def described(memory: Sequence[float]) -> str:
    """Say how it was at the start, in the middle and at the end, its most, and its growth.

    Args:
        memory: Samples in MB, equally far apart.
    """
    grown = growth(memory)
    places = [memory[0], memory[len(memory) // 2], memory[-1], max(memory)]
    numbers = " | ".join(f"{place:.0f}" for place in places)
    return f"{numbers} | {grown.megabytes:+.1f} MB ({'flat' if grown.is_flat else 'NOT FLAT'})"
