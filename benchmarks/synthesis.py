"""Measure synthesis: from a cold start to loops on disk, then seconds per loop once warm.

    python benchmarks/synthesis.py [--model default] [--samples 4] [--threads 2] [--still STILL]

Without --still the real ultrasound frame of the pydicom wheel (320 x 240) is moved. "Cold" is a new
process: interpreter, imports, weights, stills, loops, mp4, gif and strip. "Warm" is split into
drawing latents, decoding and enlarging to the native size; bf16 autocast is timed beside float32,
with the largest difference in grey levels.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from pydicom.examples import get_path

from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.loops import LoopRequest
from sonoloop.synthesis.native_size import to_native_size

REPEATS = 3


def cold(model: str, still: Path, samples: int) -> float:
    """Run the command in a new process.

    Returns:
        Seconds until it ended.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sonoloop", "synthesize", str(still), "--out", folder]
        command += ["--model", model, "--samples", str(samples)]
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start


def fastest(work: Callable[[], object]) -> float:
    """Time the fastest of some runs, the first one not counted."""
    work()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def warm(model: ImageToVideo, still_path: Path, samples: int) -> None:
    """Print what a loop costs once the model is loaded."""
    still = model.open(still_path)
    requests = [LoopRequest(still, sample) for sample in range(samples)]
    made: dict[str, list[np.ndarray]] = {}
    for precision in ("float32", "bfloat16"):
        context = (
            torch.autocast(model.device.type, torch.bfloat16)
            if precision == "bfloat16"
            else nullcontext()
        )
        with context:

            def make(key: str = precision) -> None:
                made[key] = [loop.frames for loop in model.animate(requests)]

            seconds = fastest(make) / samples
        print(f"{precision}: {seconds:.2f} s a loop")
    differences = [
        np.abs(low.astype(int) - exact.astype(int))
        for low, exact in zip(made["bfloat16"], made["float32"], strict=True)
    ]
    worst, mean = max(d.max() for d in differences), np.mean([d.mean() for d in differences])
    print(f"bfloat16 against float32: at most {worst} grey levels, {mean:.2f} on average")
    size = model.config.clip.size
    clip = torch.zeros(1, model.config.clip.num_frames, size, size)
    flow = torch.zeros(2, model.config.clip.num_frames, size, size)
    seconds = fastest(lambda: to_native_size(still.pixels, clip, flow, still.letterbox))
    print(f"of which the native size {still.pixels.shape[1:]}: {seconds:.2f} s")


def main() -> None:
    """Print seconds and the machine."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="default")
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--still", type=Path, default=Path(get_path("ybr_color")))
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    os.environ["OMP_NUM_THREADS"] = str(asked.threads)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {asked.threads} threads, "
        f"load {os.getloadavg()[0]:.1f}, torch {torch.__version__}"
    )
    seconds = cold(asked.model, asked.still, asked.samples)
    print(f"cold: {asked.samples} loops on disk after {seconds:.1f} s")
    warm(ImageToVideo.from_pretrained(asked.model), asked.still, asked.samples)


if __name__ == "__main__":
    main()
