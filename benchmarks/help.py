"""How long ``sonoloop --help`` takes to answer; the target is 1 s, for every command's help too.

    python benchmarks/help.py

Prints the median of five starts, processes and all, of the overview and of the slowest help of a
command. The test tests/cli/test_main.py holds the overview to the target.
"""

import os
import statistics
import subprocess
import sys
import time

from sonoloop.cli.commands import COMMANDS

REPEATS = 5


def seconds(*words: str) -> float:
    """Return the median time of a call."""
    command = [sys.executable, "-m", "sonoloop", *words, "--help"]
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main() -> None:
    """Print the table."""
    slowest, most = max(
        ((" ".join(key), seconds(*key)) for key in COMMANDS), key=lambda row: row[1]
    )
    print(f"{os.cpu_count()} cores, median of {REPEATS}, target 1 s")
    print(f"sonoloop --help: {seconds():.2f} s")
    print(f"sonoloop {slowest} --help, the slowest of {len(COMMANDS)}: {most:.2f} s")


if __name__ == "__main__":
    main()
