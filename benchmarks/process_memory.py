"""Memory of a process and of those it started, and whether it grows; on Linux."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

WARM_UP: Final = 0.2
"""Part of the samples from the beginning that are left out."""
MOST_GROWTH: Final = 0.05
"""Of the mean, over all samples that are kept, to call it flat."""


def memory_mb(process: int) -> float:
    """Measure the memory of a process and those it has started.

    Pages that mirror files are left out: they come and go with what else runs on the machine.
    A page of several of these processes counts once.
    """
    total, found = 0.0, [process]
    while found:
        place = Path(f"/proc/{found.pop()}")
        try:
            rollup = (place / "smaps_rollup").read_text()
            children = [file.read_text() for file in place.glob("task/*/children")]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        found += [int(child) for line in children for child in line.split()]
        fields = {line.split()[0]: line.split()[1] for line in rollup.splitlines()[1:]}
        total += (int(fields["Pss_Anon:"]) + int(fields["Pss_Shmem:"])) / 1000
    return total


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
