"""The preset tiny on phantoms through the command line: minutes, motion, smoothness, first frame.

    python benchmarks/tiny.py --seeds 0 1 2 --out DIR

For every seed both stages are trained anew on the same 32 phantoms and animate the same 16 unseen
stills. Bounds of the test tests/end_to_end/test_phantom_line.py: energy 0.5 to 2.0 of real, shuffle
1.2 x or more, first frame 30 dB or more; both stages within 3 minutes on 2 free cores.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from sonoloop.data.phantom import phantom_clip

NUM_STILLS, FRAME_STRIDE, SHUFFLES = 16, 3, 8


def sonoloop(*words: object) -> float:
    """Run one command; return its seconds."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "sonoloop", *map(str, words)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def energy(clips: np.ndarray) -> float:
    """Mean absolute difference of successive frames."""
    return float(np.abs(np.diff(clips, axis=1)).mean())


def main() -> None:
    """Print one row a seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    out: Path = arguments.out
    sonoloop("phantom", "--out", out / "phantoms", "--count", 32)
    sonoloop("data", "prepare", out / "phantoms", "--out", out / "dataset", "--size", 64)
    (out / "stills").mkdir()
    clips = []
    for number in range(NUM_STILLS):
        clip = phantom_clip(np.random.default_rng([1, number]))[::FRAME_STRIDE]
        Image.fromarray(clip[0]).save(out / "stills" / f"still{number:02d}.png")
        clips.append(clip)
    real = np.stack(clips).astype(np.float32)
    print(f"{os.cpu_count()} cores, OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'unset')}")
    print("| seed | stage 1, s | stage 2, s | energy | shuffle | first frame, dB |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    for seed in arguments.seeds:
        run = out / f"seed{seed}"
        tiny = ("--data", out / "dataset", "--preset", "tiny", "--set")
        first = sonoloop(
            *("train", "autoencoder", *tiny, f"autoencoder_training.seed={seed}"),
            *("--out", run / "stage1"),
        )
        second = sonoloop(
            *("train", "diffusion", *tiny, f"diffusion_training.seed={seed}"),
            *("--autoencoder", run / "stage1", "--out", run / "stage2"),
        )
        stages = ("--autoencoder", run / "stage1", "--diffusion", run / "stage2")
        sonoloop("export", *stages, "--out", run / "model")
        loops = ("--model", run / "model", "--out", run / "loops", "--formats", "npy")
        sonoloop("synthesize", out / "stills", *loops)
        files = sorted((run / "loops").rglob("*.npy"))
        made = np.stack([np.load(file) for file in files]).astype(np.float32)
        rng = np.random.default_rng(0)
        shuffled = [energy(made[:, rng.permutation(made.shape[1])]) for _ in range(SHUFFLES)]
        error = np.square(made[:, 0] - real[:, 0]).mean(axis=(1, 2))
        psnr_db = 10 * np.log10(255**2 / np.maximum(error, 1e-3))
        ratio, rise = energy(made) / energy(real), np.mean(shuffled) / energy(made)
        row = (
            f"{seed} | {first:.0f} | {second:.0f} | {ratio:.2f} | {rise:.2f} | {psnr_db.min():.0f}"
        )
        print(f"| {row} |", flush=True)


if __name__ == "__main__":
    main()
