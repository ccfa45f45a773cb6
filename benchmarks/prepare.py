"""Measure ``sonoloop data prepare`` from files to a finished dataset, and its second run.

    python benchmarks/prepare.py INPUT [--workers 2] [--size 128]

The dataset goes into a temporary folder. Target: the 293 BLUES clips in at most 60 s on 2 cores.
"""

import argparse
import os
import platform
import resource
import tempfile
import time
from pathlib import Path

from rich.console import Console

from sonoloop.recipes.prepare import PrepareOptions, prepare


def processor_s() -> float:
    """Processor seconds of this process and of the workers that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    """Print seconds, processor seconds and items of both runs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("input", type=Path, help="what sonoloop data prepare takes")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--size", type=int, default=128)
    asked = parser.parse_args()
    options = PrepareOptions(workers=asked.workers, size=asked.size)
    with tempfile.TemporaryDirectory() as folder:
        for run in ("first run", "second run"):
            start, busy = time.perf_counter(), processor_s()
            result = prepare([asked.input], Path(folder) / "dataset", options, console=Console())
            print(
                f"{run}: {time.perf_counter() - start:.1f} s ({processor_s() - busy:.1f} processor "
                f"s), {result.num_items} items, {result.num_reused} reused, "
                f"{asked.workers} workers, {platform.machine()}, {os.cpu_count()} cores, "
                f"load {os.getloadavg()[0]:.1f}"
            )


if __name__ == "__main__":
    main()
