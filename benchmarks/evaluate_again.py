"""Measure how much quicker a second ``sonoloop evaluate`` is, which knows all clips already.

    python benchmarks/evaluate_again.py --real DATASET --synthetic LOOPS [--limit 12]

Runs the whole command twice, start and imports included, and prints the process time of each, which
other work on the machine does not change. Target: 20 times quicker.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path


def process_seconds(command: list[str]) -> float:
    """Run a command to its end and return what it took of the processor, over all cores."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print both times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--synthetic", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=12)
    parser.add_argument("--metrics", help="by default all whose nets are there")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sonoloop", "evaluate", "--limit", str(asked.limit)]
        command += ["--real", str(asked.real), "--synthetic", str(asked.synthetic)]
        command += ["--out", str(Path(folder) / "out")]
        if asked.metrics:
            command += ["--metrics", asked.metrics]
        first, second = (process_seconds(command) for _ in range(2))
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    print(f"first {first:.1f} s, second {second:.1f} s of process time, {threads} threads")
    print(f"{first / second:.0f} times quicker")


if __name__ == "__main__":
    main()
