"""Keep the web service, or a training of both stages, busy for long and watch its memory.

    python benchmarks/soak.py [--requests 500] [--in-flight 4] [--seed 0]
    python benchmarks/soak.py --train 30

Requests come from this process over loopback: by REST most ask for loops of small stills, a few
must be refused with their sentence, a few are taken back while they wait or run. Wrong is an
answer that is not the expected one, a loop that is missing, and one that differs from what the
same request gave before. The time of an honest request counts from sending it to
having its files. Training is that of the preset tiny on phantoms, half of the minutes a stage.

Memory is that of the command and the processes it started (``memory_mb``), every 10 s of a
training, every 10 requests of the service; its slope that of a straight line by least squares
after the first fifth (the service keeps 50 finished requests before it forgets the oldest).
Exits with 1 if anything was wrong, or memory grew by more than 5 % from then on.
"""

import argparse
import hashlib
import io
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import httpx
import numpy as np
from PIL import Image
from pydicom.examples import get_path
from running_server import ROOT, client, memory_mb, outcome, running_server, submit

from sonoloop.data.phantom import phantom_clip

SAMPLE_EVERY_S: Final = 10.0
SAMPLE_EVERY_REQUESTS: Final = 10
WARM_UP: Final = 0.2
MOST_GROWTH: Final = 0.05
LONGEST_BEFORE_CANCEL_S: Final = 1.0
STEPS: Final = 10**6  # more than a training makes in its time


def png(clip_seed: int) -> bytes:
    """Make a still of 64 x 64 pixels."""
    buffer = io.BytesIO()
    frame = phantom_clip(np.random.default_rng(clip_seed))[0]
    Image.fromarray(frame).save(buffer, format="PNG")
    return buffer.getvalue()


STILLS: Final = {f"phantom{seed}.png": png(seed) for seed in range(3)} | {
    "scan.dcm": Path(get_path("ybr_color")).read_bytes()
}
PNG: Final = STILLS["phantom0.png"]
HUGE: Final = PNG[:16] + (60_000).to_bytes(4, "big") * 2 + PNG[24:]
"""It says that it has 60,000 x 60,000 pixels."""


class Refused(NamedTuple):
    """A request that must be refused.

    Args:
        stills: Sent with it.
        settings: Sent with it.
        status: Of the answer; 202 if the refusal comes when the still is read.
        words: Of the sentence.
    """

    stills: dict[str, bytes]
    settings: dict[str, int]
    status: int
    words: str


REFUSED: Final = (
    Refused({}, {}, 400, "no still was sent"),
    Refused({"a.png": PNG}, {"colour": 1}, 400, "there is no setting 'colour'"),
    Refused({"a.png": PNG}, {"samples": 1000}, 413, "at most 64 are made at once"),
    Refused({"a.png": PNG}, {"frames": 100_000}, 413, "at most 256 are made here"),
    Refused({"notes.png": b"no picture"}, {}, 202, "notes.png: "),
    Refused({"half.png": PNG[: len(PNG) // 2]}, {}, 202, "half.png: "),
    Refused({"huge.png": HUGE}, {}, 202, "huge.png: "),
)


class Soak:
    """Sends requests and remembers what was wrong.

    Args:
        asker: Connected to the server.
    """

    def __init__(self, asker: httpx.Client) -> None:
        """Begin with nothing seen."""
        self.asker = asker
        self.wrong: list[str] = []
        self.seconds: dict[str, list[float]] = {"loops": [], "refused": [], "cancelled": []}
        self._seen: dict[tuple[object, ...], str] = {}
        self._lock = threading.Lock()

    def ask(self, number: int, seed: int) -> None:
        """Send one request of a kind that chance chooses, and judge what comes back."""
        chance = random.Random(f"{seed} {number}")  # noqa: S311 - no secret
        kind = chance.choices(tuple(self.seconds), (8, 1, 1))[0]
        act = {"loops": self._loops, "refused": self._refused, "cancelled": self._cancelled}[kind]
        began = time.perf_counter()
        try:
            act(chance)
        except (httpx.HTTPError, KeyError, ValueError) as error:
            self.wrong.append(f"{kind}, request {number}: {type(error).__name__}: {error}")
        self.seconds[kind].append(time.perf_counter() - began)

    def _loops(self, chance: random.Random) -> None:
        names = chance.sample(list(STILLS), chance.choice((1, 1, 1, 2)))
        samples, seed = chance.choice((1, 1, 2)), chance.randrange(3)
        stills = {name: STILLS[name] for name in names}
        answer = submit(self.asker, stills, samples=samples, seed=seed).raise_for_status()
        ended = outcome(self.asker, answer.json()["id"])
        results = ended["results"]
        if ended["state"] != "done" or len(results) != len(names) * samples:
            raise ValueError(ended["state"], ended["error"], len(results))
        for loop in results:
            files = {
                kind: self.asker.get(where).raise_for_status().content
                for kind, where in loop["files"].items()
            }
            found = hashlib.sha256(files["npy"]).hexdigest()
            with self._lock:
                which = (*names, samples, seed, loop["still"], loop["sample"])
                first = self._seen.setdefault(which, found)
            if found != first or b"ftyp" not in files["mp4"][:16]:
                raise ValueError(loop, "is not the loop that it was")

    def _refused(self, chance: random.Random) -> None:
        wanted = chance.choice(REFUSED)
        answer = submit(self.asker, wanted.stills, **wanted.settings)
        said = answer.json()
        if answer.status_code == httpx.codes.ACCEPTED:
            said = outcome(self.asker, said["id"])
        sentence = str(said["error"])
        if answer.status_code != wanted.status or wanted.words not in sentence or "/" in sentence:
            raise ValueError(answer.status_code, sentence, wanted.words)

    def _cancelled(self, chance: random.Random) -> None:
        name = chance.choice(list(STILLS))
        answer = submit(self.asker, {name: STILLS[name]}, samples=4).raise_for_status()
        where = f"{ROOT}/jobs/{answer.json()['id']}"
        time.sleep(chance.uniform(0, LONGEST_BEFORE_CANCEL_S))
        self.asker.delete(where).raise_for_status()
        while (answer := self.asker.get(where)).status_code == httpx.codes.OK:
            if answer.json()["state"] not in {"queued", "running"}:
                break
            time.sleep(0.05)
        if answer.status_code != httpx.codes.NOT_FOUND and answer.json()["state"] != "cancelled":
            raise ValueError(answer.text)


def slope(memory: Sequence[float]) -> tuple[float, bool]:
    """Tell how much memory grows after the warm-up, all in all, in MB; and whether it is flat."""
    kept = np.asarray(memory[round(len(memory) * WARM_UP) :])
    grown = float(np.polyfit(np.arange(len(kept)), kept, 1)[0] * (len(kept) - 1))
    return grown, grown <= MOST_GROWTH * float(kept.mean())


def described(memory: Sequence[float]) -> str:
    """Say how it was at the start, in the middle and at the end, its most, and its slope."""
    grown, is_flat = slope(memory)
    places = [memory[0], memory[len(memory) // 2], memory[-1], max(memory)]
    numbers = " | ".join(f"{place:.0f}" for place in places)
    return f"{numbers} | {grown:+.1f} MB {'(flat)' if is_flat else '(NOT FLAT)'}"


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
    print(*(f"{m:.0f}" for m in memory))
    print("\n| MB at the start | middle | end | most | growth after the warm-up |")
    print(f"| --- | --- | --- | --- | --- |\n| {described(memory)} |")
    return not soak.wrong and slope(memory)[1]


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
        words: tuple[object, ...] = (
            "train",
            stage,
            "--data",
            dataset,
            "--preset",
            "tiny",
            "--out",
            folder / stage,
        )
        limit = ("--max-seconds", 30 * minutes, "--set", f"{stage}_training.max_steps={STEPS}")
        memory: list[float] = []
        with subprocess.Popen(command(*words, *more, *limit), stdout=subprocess.DEVNULL) as process:
            while process.poll() is None:
                time.sleep(min(SAMPLE_EVERY_S, 30 * minutes / 20))
                memory.append(memory_mb(process.pid))
        memory = [one for one in memory if one]  # after its end there is none
        newest = max((folder / stage / "checkpoints").glob("step-*")).name
        steps = int(newest.removeprefix("step-"))
        print(f"| {stage} | {steps} | {len(memory)} | {described(memory)} |", flush=True)
        is_well = is_well and process.returncode == 0 and slope(memory)[1]
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
