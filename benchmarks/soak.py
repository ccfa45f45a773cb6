"""Keep the web service, or a training of both stages, busy for long and watch its memory.

    python benchmarks/soak.py [--requests 500] [--in-flight 4] [--seed 0]
    python benchmarks/soak.py --train 30

Requests come from this process over loopback: by REST most ask for loops of small stills, a few
must be refused with their sentence, a few are taken back while they wait or run. Wrong is an
answer that is not the expected one, a loop that is missing, and one that differs from what the
same request gave before. The time of an honest request counts from sending it to
having its files. Training is that of the preset tiny on phantoms, half of the minutes a stage.

Memory is that of the command and the processes it started, every 10 s of a training and every 10
requests of the service, which keeps 50 that are finished before it forgets the oldest. Exits with 1
if anything was wrong or memory was not flat (process_memory.py).
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
from process_memory import described, growth, memory_mb
from running_server import client, running_server
from soak_requests import Soak

SAMPLE_EVERY_S: Final = 10.0
SAMPLE_EVERY_REQUESTS: Final = 10
MANY_STEPS: Final = 10**6
"""More than a training makes in its time."""
CHECKPOINT_MINUTES: Final = 1


def soak_service(num_requests: int, in_flight: int, seed: int) -> bool:
    """Print what became of the requests; tell whether all was well."""
    memory: list[float] = []
    began = time.perf_counter()
    with running_server() as server, client(server) as asker:
        soak = Soak(asker)
        memory.append(memory_mb(server.process))

        def ask(number: int) -> None:
            soak.ask(number, seed)
            if number % SAMPLE_EVERY_REQUESTS == 0:
                memory.append(memory_mb(server.process))

        with ThreadPoolExecutor(in_flight) as pool:
            list(pool.map(ask, range(num_requests)))
    seconds = time.perf_counter() - began
    print(f"{num_requests} requests, {in_flight} in flight, seed {seed}: {seconds:.0f} s")
    print("\n| request | n | p50, s | p95, s | longest, s |\n| --- | --- | --- | --- | --- |")
    for kind, times in soak.seconds.items():
        spread = np.percentile(times or [np.nan], (50, 95, 100))
        print(f"| {kind} | {len(times)} | " + " | ".join(f"{one:.2f}" for one in spread) + " |")
    print(f"\nwrong: {len(soak.wrong)}", *soak.wrong[:10], sep="\n  ")
    print("\n| MB at the start | middle | end | most | growth |")
    print(f"| --- | --- | --- | --- | --- |\n| {described(memory)} |")
    return not soak.wrong and growth(memory).is_flat


def soak_training(minutes: float, folder: Path) -> bool:
    """Print the memory of both trainings; tell whether all was well."""
    dataset, first = folder / "dataset", folder / "autoencoder"
    made = ("phantom", "--out", folder / "phantoms", "--count", 32)
    prepared = ("data", "prepare", folder / "phantoms", "--out", dataset, "--size", 64)
    for beginning in (made, prepared):
        subprocess.run([*command(*beginning)], check=True, stdout=subprocess.DEVNULL)
    print("| stage | steps | samples | MB at the start | middle | end | most | growth |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    is_well = True
    for stage, more in (("autoencoder", ()), ("diffusion", ("--autoencoder", first))):
        settings = {"max_steps": MANY_STEPS, "checkpoint_minutes": CHECKPOINT_MINUTES}
        words = [
            *("train", stage, "--data", dataset, "--preset", "tiny", "--out", folder / stage),
            *("--max-seconds", 30 * minutes, *more, "--set"),
            *(f"{stage}_training.{name}={value}" for name, value in settings.items()),
        ]
        memory: list[float] = []
        with subprocess.Popen(command(*words), stdout=subprocess.DEVNULL) as process:
            while process.poll() is None:
                time.sleep(min(SAMPLE_EVERY_S, 30 * minutes / 20))
                memory.append(memory_mb(process.pid))
        memory = [one for one in memory if one]  # after its end there is none
        newest = max((folder / stage / "checkpoints").glob("step-*")).name
        steps = int(newest.removeprefix("step-"))
        print(f"| {stage} | {steps} | {len(memory)} | {described(memory)} |", flush=True)
        is_well = is_well and process.returncode == 0 and growth(memory).is_flat
    return is_well


def command(*words: object) -> list[str]:
    """Compose a command of sonoloop."""
    return [sys.executable, "-m", "sonoloop", *map(str, words)]


def main() -> None:
    """Soak the service, or a training."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--in-flight", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--train", type=float, metavar="MINUTES", help="instead, train so long")
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores, OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'unset')}")
    if asked.train:
        with tempfile.TemporaryDirectory() as folder:
            is_well = soak_training(asked.train, Path(folder))
    else:
        is_well = soak_service(asked.requests, asked.in_flight, asked.seed)
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
