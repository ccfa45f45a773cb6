"""Measure how fast random clips come out of a dataset's store, as training reads them.

    python benchmarks/clip_loading.py DATASET [--workers 2] [--batch-size 64] [--clips 10000]

Clips leave the loader as uint8 batches (b, t, h, w): float exists only on the device. The first
batches (worker start, cold pages) are not timed. Target: at least 2,500 clips a second of 16 frames
of 128 x 128 with 2 workers.
"""

import argparse
import json
import os
import platform
import time
from pathlib import Path

from sonoloop.data.clip_sampling import ClipSet, TrainingClips
from sonoloop.data.config import ClipConfig
from sonoloop.training.batches import read_batches

WARM_UP_BATCHES = 8


def measure(dataset: Path, *, workers: int, batch_size: int, num_clips: int) -> float:
    """Time the loader.

    Returns:
        Clips per second.
    """
    size = json.loads((dataset / "store" / "store.json").read_text())["size"]
    clips = ClipSet.open(dataset, None, ClipConfig(size=size))
    num_batches = num_clips // batch_size
    numbers = range((num_batches + WARM_UP_BATCHES) * batch_size)
    stream = TrainingClips(clips, seed=0, length=len(numbers))
    batches = iter(
        read_batches(stream, numbers, batch_size=batch_size, num_workers=workers, pin_memory=False)
    )
    for _ in range(WARM_UP_BATCHES):
        next(batches)
    start = time.perf_counter()
    seen = sum(len(next(batches)) for _ in range(num_batches))
    return seen / (time.perf_counter() - start)


def main() -> None:
    """Print clips per second and the machine."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path, help="folder of sonoloop data prepare")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--clips", type=int, default=10_000)
    asked = parser.parse_args()
    rate = measure(
        asked.dataset, workers=asked.workers, batch_size=asked.batch_size, num_clips=asked.clips
    )
    print(
        f"{rate:,.0f} clips/s, {asked.workers} workers, batches of {asked.batch_size}, "
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
