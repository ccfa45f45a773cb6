"""Measure the memory of ``frechet_video_distance`` over many clips that are made as they are asked.

    python benchmarks/fvd_streaming.py [--clips 100000]

Two streams of clips of 16 frames of 32 x 32 through an extractor of 400 features without weights (a
random projection of the frames' means), so that the stream and not the net is measured; the net
adds its own constant. Prints seconds and the process's peak over what it held before. Target: 2 GB
in all.
"""

import argparse
import resource
import time
from collections.abc import Iterator

import torch
from torch import Tensor

from sonoloop.evaluation.fvd import frechet_video_distance

SHAPE = (1, 16, 32, 32)
NUM_FEATURES = 400


class Projection:
    """400 numbers a clip, from a fixed random matrix."""

    id, checksum, num_features = "random projection", "0" * 64, NUM_FEATURES

    def __init__(self) -> None:
        """Draw the matrix."""
        generator = torch.Generator().manual_seed(0)
        self._matrix = torch.randn(16 * 64, NUM_FEATURES, generator=generator)

    def __call__(self, clip: Tensor) -> Tensor:
        """Project the means over 4 x 4 blocks."""
        blocks = torch.nn.functional.avg_pool3d(clip, (1, 4, 4))
        return blocks.flatten(1) @ self._matrix


def stream(count: int, seed: int) -> Iterator[Tensor]:
    """Draw one clip after the other."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(count):
        yield torch.rand(SHAPE, generator=generator) * 2 - 1


def peak_mib() -> float:
    """Return the most memory that the process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print memory and time for a hundredth and for all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=100_000)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    extractor, before = Projection(), peak_mib()
    for count in (asked.clips // 100, asked.clips):
        start = time.process_time()
        frechet_video_distance(stream(count, 0), stream(count, 1), extractor)
        seconds = time.process_time() - start
        print(
            f"2 x {count:,} clips: {seconds:.1f} s of process time, peak {peak_mib():.0f} MiB, "
            f"{peak_mib() - before:.0f} MiB of it for the streams"
        )


if __name__ == "__main__":
    main()
