"""Measure the Frechet distance at 400 dimensions, and the memory of 100,000 streamed clips.

    python benchmarks/frechet.py [--clips 100000] [--features 400]

Prints seconds for the distance from moments and from few features, seconds for summing up a stream
of synthetic features, the seconds and memory of looking for copies, and the process's peak memory
over what importing torch takes. Targets: 1 s for the distance, 2 GB for 100,000 clips.
"""

import argparse
import resource
import time
from collections.abc import Iterator

import torch
from torch import Tensor

from sonoloop.evaluation.frechet import Moments, frechet_distance, frechet_distance_of_features
from sonoloop.evaluation.similarity import nearest

BATCH = 64
NUM_EMBEDDED = 1024


def peak_mib() -> float:
    """Return the most memory that the process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def stream(count: int, *shape: int, seed: int) -> Iterator[Tensor]:
    """Draw features batch by batch, as a net gives them."""
    generator = torch.Generator().manual_seed(seed)
    for start in range(0, count, BATCH):
        yield torch.randn(min(BATCH, count - start), *shape, generator=generator)


def main() -> None:
    """Print seconds and memory."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--features", type=int, default=400)
    parser.add_argument("--copies", type=int, default=2_000, help="synthetic clips searched")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    before = peak_mib()

    start = time.perf_counter()
    moments = [Moments.of_stream(stream(asked.clips, asked.features, seed=n)) for n in (0, 1)]
    print(
        f"moments of 2 x {asked.clips:,} clips: {time.perf_counter() - start:.1f} s with drawing, "
        f"{peak_mib() - before:.0f} MiB"
    )
    start = time.perf_counter()
    frechet_distance(*moments)
    print(f"distance at {asked.features} dimensions: {time.perf_counter() - start:.3f} s, 1 thread")
    few = [torch.cat(list(stream(40, asked.features, seed=n))) for n in (0, 1)]
    start = time.perf_counter()
    frechet_distance_of_features(*few)
    print(f"the same of 2 x 40 clips: {1000 * (time.perf_counter() - start):.1f} ms")

    references = torch.empty(asked.clips, NUM_EMBEDDED)
    for place, batch in enumerate(stream(asked.clips, NUM_EMBEDDED, seed=2)):
        references[place * BATCH : (place + 1) * BATCH] = batch
    start = time.perf_counter()
    nearest(
        stream(asked.copies, 4, NUM_EMBEDDED, seed=3),
        references,
        query_groups=["synthetic"] * asked.copies,
        reference_groups=["train"] * asked.clips,
    )
    seconds = time.perf_counter() - start
    print(
        f"nearest of {asked.clips:,} clips for {asked.copies:,}: {seconds:.1f} s, "
        f"{asked.copies / seconds:.0f} clips/s, peak {peak_mib() - before:.0f} MiB"
    )


if __name__ == "__main__":
    main()
