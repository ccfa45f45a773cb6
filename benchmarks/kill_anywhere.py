"""End commands at random moments, run them again, and compare with a run that was never ended.

    python benchmarks/kill_anywhere.py --kills 50 [--how kill] [--commands prepare synthesize]

``--how`` is kill (SIGKILL), term (SIGTERM, 10 s of grace, then SIGKILL), full (the disk has room
for a part of the output), read-only or removed (the output folder is deleted meanwhile). Full and
read-only mount small tmpfs folders, for which it must be root. Everything is made from phantoms in
a temporary folder, on one thread. Commands run in forks of this process, which has imported what
they need, so that the moments fall into their work and not into the seconds of importing. This
process itself computes nothing: the threads of a library would not survive the next fork.

Compared is every file, byte for byte, but for what a clock decides (``TIMES``): these values are
taken out of JSON, JSON lines, CSV and Parquet before comparing, minutes of training out of model
cards and the page of a study, and the checksums of such files out of ``SHA256SUMS``. Of the
checkpoints of a run only the newest is compared, because when the one before it was written depends
on the clock too.

Prints the table of docs/reliability.md; faults go to standard error.
"""

import argparse
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from sonoloop.checksums import SUMS_FILE
from sonoloop.cli.main import main as sonoloop

TIMES: Final = frozenset(
    {"seconds", "clips_per_second", "seconds_of_cells", "created"}
)  # duration, speed, sum of durations, date
MINUTES: Final = {"README.md": r"\| \d+\.\d (?=\|)", "study.md": r"\d+ minutes in all"}
"""Of training, in model cards and in the page of a study."""
TEMPORARY: Final = (".part", ".unfinished", ".in-use", ".partial", ".writable")
GRACE_S: Final = 10.0
IN_A_ROW: Final = 6
"""Most ends of one run before it may finish."""
NEEDED: Final = {
    "prepare": ["prepare"],
    "autoencoder": ["train_autoencoder"],
    "diffusion": ["train_diffusion"],
    "synthesize": ["export", "synthesize"],
    "evaluate": ["evaluate"],
    "study": ["study"],
}
"""Modules of the recipes by command, in the order in which one reads what the other wrote."""
PRESET: Final = """
[clip]
size = 64
[autoencoder]
encoder_widths = [8, 8, 8, 8]
latent_channels = 4
decoder_width = 4
[autoencoder_training]
max_steps = {steps}
batch_size = 4
precision = "32-true"
log_every = 3
sample_every = 10
checkpoint_minutes = 0.002
[latent_cache]
encodings_per_video = 2
[diffusion]
width = 32
depth = 2
heads = 2
condition_widths = [8, 8]
[diffusion_training]
max_steps = {more_steps}
batch_size = 8
precision = "32-true"
log_every = 3
sample_every = 10
checkpoint_minutes = 0.002
"""


class Ended(NamedTuple):
    """How a command ended.

    Args:
        status: Exit status; below 0 the signal.
        seconds: How long it ran.
        text: What it printed.
    """

    status: int
    seconds: float
    text: str


class Tally(NamedTuple):
    """What became of one command.

    Args:
        command: Its name.
        ends: How often it was ended.
        runs: Runs that finished after having been ended.
        faults: One sentence for each thing that must not be.
        slowest: Seconds from the signal to the end, at most, or of the refusal; 0 for neither.
        seconds: Of all.
    """

    command: str
    ends: int
    runs: int
    faults: list[str]
    slowest: float
    seconds: float


def start(work: Callable[[], object], log: Path) -> int:
    """Work in a fork of this process, which itself starts no threads; return its number."""
    process = os.fork()
    if process:
        return process
    status = 70
    try:
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        work()
        status = 0
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:  # noqa: BLE001 - this process ends here, whatever it was
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def wait(process: int, seconds: float) -> int | None:
    """Wait for the end of a process; None if it has not come."""
    end = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= end:
            return None
        time.sleep(0.001)


class Trial:
    """One command with the output it must have."""

    def __init__(self, name: str, words: Sequence[str], work: Path) -> None:
        """Run it once undisturbed."""
        self.name = name
        self.words = words
        self.out = work / "ended" / name
        self.log = work / f"{name}.log"
        self.reference = work / "whole" / name
        self.whole = self.run(self.out)  # the same place: settings name folders in it
        if self.whole.status:
            sys.exit(f"{name} fails undisturbed:\n{self.whole.text}")
        self.reference.parent.mkdir(exist_ok=True)
        self.out.rename(self.reference)

    def begin(self, out: Path) -> int:
        """Start it with this output folder; its parent must be there."""
        out.parent.mkdir(parents=True, exist_ok=True)
        words = [str(out) if word == "OUT" else word for word in self.words]
        return start(partial(sonoloop, words), self.log)

    def run(self, out: Path, seconds: float = 600.0) -> Ended:
        """Run it to its end."""
        began = time.monotonic()
        status = wait(self.begin(out), seconds)
        text = self.log.read_text(errors="replace")
        return Ended(70 if status is None else status, time.monotonic() - began, text)

    def finish(self) -> list[str]:
        """Run it again undisturbed and name what is not as it must be."""
        again = self.run(self.out)
        if again.status:
            return [f"run again: status {again.status}: {again.text.strip()[-300:]}"]
        faults = [f"left behind: {name}" for name in temporaries(self.out)]
        return faults + self.differences()

    def differences(self) -> list[str]:
        """Name the files that are not those of the undisturbed run."""
        wait(start(partial(print_differences, self.reference, self.out), self.log), 600.0)
        return self.log.read_text().splitlines()


def temporaries(folder: Path) -> list[str]:
    """Name files and folders that only a run that is under way may have."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    return [name for name in names if name.endswith(TEMPORARY)]


def print_differences(whole: Path, ended: Path) -> None:
    """Name the files that differ or are in one folder only."""
    one, other = compared(whole), compared(ended)
    for name in sorted(one.keys() | other.keys()):
        if name not in one or name not in other:
            print(f"only in one: {name}")
        elif content(one[name]) != content(other[name]):
            print(f"differs: {name}")


def compared(folder: Path) -> dict[str, Path]:
    """List the files that are compared, by name."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    newest: dict[Path, Path] = {}
    for path in files:
        if path.parent.name.startswith("step-"):
            place = path.parent.parent
            newest[place] = max(newest.get(place, path.parent), path.parent)
    older = {path for path in files if path.parent != newest.get(path.parent.parent, path.parent)}
    return {path.relative_to(folder).as_posix(): path for path in set(files) - older}


def content(path: Path) -> object:
    """Read a file without what a clock decides."""
    if path.suffix == ".json":
        return timeless(json.loads(path.read_text()))
    if path.suffix == ".jsonl":
        return [timeless(json.loads(line)) for line in path.read_text().splitlines()]
    if path.suffix in {".parquet", ".csv"}:
        read = pl.read_parquet if path.suffix == ".parquet" else pl.read_csv
        return read(io.BytesIO(path.read_bytes())).drop(*TIMES, strict=False).to_dicts()
    if path.name == SUMS_FILE:
        lines = path.read_text().splitlines()
        return [line for line in lines if not line.endswith((".json", ".parquet", ".csv"))]
    if path.name in MINUTES:
        return re.sub(MINUTES[path.name], "", path.read_text())
    return path.read_bytes()


def timeless(value: object) -> object:
    """Take times out of what JSON can hold."""
    if isinstance(value, dict):
        return {name: timeless(inner) for name, inner in value.items() if name not in TIMES}
    return [timeless(inner) for inner in value] if isinstance(value, list) else value


def killed(trial: Trial, number: int, how: str, chance: random.Random) -> Tally:
    """End a command by a signal, several times in a row, and let it finish."""
    began, ends, runs, slowest, faults = time.monotonic(), 0, 0, 0.0, list[str]()
    while ends < number:
        shutil.rmtree(trial.out, ignore_errors=True)
        for _ in range(min(chance.randint(1, IN_A_ROW), number - ends)):
            process = trial.begin(trial.out)
            if wait(process, chance.uniform(0.0, trial.whole.seconds)) is not None:
                break  # it was quicker
            os.kill(process, signal.SIGTERM if how == "term" else signal.SIGKILL)
            asked, status = time.monotonic(), wait(process, GRACE_S)
            slowest = max(slowest, time.monotonic() - asked)
            if status is None:
                faults.append(f"still there {GRACE_S:g} s after SIGTERM")
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
            elif how == "term" and status not in {128 + signal.SIGTERM, -signal.SIGTERM, 0}:
                text = trial.log.read_text(errors="replace").strip()
                faults.append(f"status {status} after SIGTERM: {text[-300:]}")
            ends += 1
        runs += 1
        faults += trial.finish()
    return Tally(trial.name, ends, runs, faults, slowest, time.monotonic() - began)


def removed(trial: Trial, number: int, _: str, chance: random.Random) -> Tally:
    """Delete the output folder at a random moment."""
    began, ends, faults = time.monotonic(), 0, list[str]()
    while ends < number:
        shutil.rmtree(trial.out, ignore_errors=True)
        process = trial.begin(trial.out)
        status = wait(process, chance.uniform(0.0, trial.whole.seconds))
        if status is not None or not trial.out.exists():
            wait(process, 600.0) if status is None else None
            continue
        shutil.rmtree(trial.out, ignore_errors=True)
        status = wait(process, 600.0)
        ends += 1
        text = trial.log.read_text(errors="replace")
        # What was finished before it was deleted is no failure, unless something was left out.
        if not status and trial.out.exists():
            faults += [f"status 0, but {one}" for one in trial.differences()]
        elif status:
            faults += unclear(status, text)
        faults += trial.finish()
    return Tally(trial.name, ends, ends, faults, 0.0, time.monotonic() - began)


def unclear(status: int, text: str) -> list[str]:
    """Name what keeps a failure from being one clear sentence."""
    sentences = [line for line in text.splitlines() if line.startswith("sonoloop: ")]
    if status in {1, 2} and len(sentences) == 1 and "Traceback" not in text:
        return []
    return [f"status {status}, unclear: {text.strip()[-300:]}"]


def full(trial: Trial, number: int, _: str, chance: random.Random) -> Tally:
    """Give the output less room than it needs, then enough."""
    began, ends, faults = time.monotonic(), 0, list[str]()
    needed = sum(path.stat().st_size for path in trial.reference.rglob("*") if path.is_file())
    while ends < number:
        with tmpfs(trial.out.parent, f"size={round(needed * chance.uniform(0.02, 0.9))}") as disk:
            ended = trial.run(trial.out)
            ends += 1
            faults += unclear(ended.status, ended.text)
            subprocess.run(
                ["mount", "-o", f"remount,size={8 * needed + 2**24}", str(disk)],  # noqa: S607
                check=True,
            )
            faults += trial.finish()
    return Tally(trial.name, ends, ends, faults, 0.0, time.monotonic() - began)


def read_only(trial: Trial, number: int, _: str, __: random.Random) -> Tally:
    """Give it a disk that takes nothing: the command must refuse at once."""
    del number
    began = time.monotonic()
    with tmpfs(trial.out.parent, "ro"):
        ended = trial.run(trial.out)
    faults = unclear(ended.status, ended.text)
    return Tally(trial.name, 1, 0, faults, ended.seconds, time.monotonic() - began)


@contextmanager
def tmpfs(folder: Path, options: str) -> Iterator[Path]:
    """Mount a disk in memory."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)  # noqa: S607
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S607


HOW: Final[dict[str, Callable[[Trial, int, str, random.Random], Tally]]] = {
    "kill": killed,
    "term": killed,
    "full": full,
    "read-only": read_only,
    "removed": removed,
}


def commands(work: Path, steps: int) -> dict[str, list[str]]:
    """Compose the commands, each reading what the undisturbed ones before it wrote."""
    whole, preset = work / "whole", work / "preset.toml"
    preset.write_text(PRESET.format(steps=steps, more_steps=3 * steps))
    trained = ["--preset", str(preset), "--out", "OUT", "--resume"]
    dataset, stage_1 = str(whole / "prepare"), str(whole / "autoencoder")
    phantoms = str(work / "phantoms")
    return {
        "prepare": ["data", "prepare", phantoms, "--out", "OUT", "--size", "64", "--workers", "1"],
        "autoencoder": ["train", "autoencoder", "--data", dataset, *trained],
        "diffusion": [
            *("train", "diffusion", "--data", dataset, "--autoencoder", stage_1, *trained)
        ],
        "synthesize": [
            *("synthesize", f"{phantoms}/cyst", "--model", str(work / "model"), "--out", "OUT"),
            *("--formats", "mp4,gif,npy,strip,dicom", "--samples", "2"),
        ],
        "evaluate": [
            *("evaluate", "--real", dataset, "--synthetic", str(whole / "synthesize")),
            *("--split", "all", "--metrics", "motion,psnr,ssim,privacy", "--out", "OUT"),
        ],
        "study": [
            *("study", "--data", dataset, "--out", "OUT", "--arms", "b,d,i,k", "--folds", "3"),
            *("--run-folds", "1", "--seeds", "1", "--epochs", "1", "--width", "4", "--size", "32"),
            *("--windows", "1", "--samples", "1", "--generator-preset", str(preset)),
        ],
    }


def export_model(work: Path) -> None:
    """Make the model that ``synthesize`` uses, from the undisturbed trainings."""
    whole = work / "whole"
    words = ["export", "--autoencoder", str(whole / "autoencoder"), "--diffusion"]
    words += [str(whole / "diffusion"), "--out", str(work / "model"), "--trained-on", "phantoms"]
    if wait(start(partial(sonoloop, words), work / "export.log"), 600.0):
        sys.exit((work / "export.log").read_text())


def main() -> None:
    """Print a row for each command; exit with 1 if anything is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50, help="ends of each command")
    parser.add_argument("--commands", nargs="+", choices=list(NEEDED))
    parser.add_argument("--how", choices=tuple(HOW), default="kill")
    parser.add_argument("--steps", type=int, default=6, help="of stage 1; stage 2 takes 3 x")
    parser.add_argument("--phantoms", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    if asked.how in {"full", "read-only"} and os.geteuid() != 0:
        sys.exit(f"--how {asked.how} mounts a folder, which only root may: skipped")
    os.environ |= {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    import_module("torch").set_num_threads(1)
    wanted = asked.commands or list(NEEDED)
    needed = list(NEEDED)[: 1 + max(list(NEEDED).index(name) for name in wanted)]
    for module in [module for name in needed for module in NEEDED[name]]:
        import_module(f"sonoloop.recipes.{module}")
    chance, is_well = random.Random(asked.seed), True  # noqa: S311 - moments, no secrets
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        words = ["phantom", "--out", str(work / "phantoms"), "--count", str(asked.phantoms)]
        wait(start(partial(sonoloop, [*words, "--size", "64"]), work / "phantom.log"), 600.0)
        every = commands(work, asked.steps)
        print(
            "| how | command | ended | finished after | faults | slowest end | undisturbed | all |"
        )
        print("| --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
        for name in needed:
            if name == "synthesize":
                export_model(work)
            trial = Trial(name, every[name], work)
            if name not in wanted:
                continue
            tally = HOW[asked.how](trial, asked.kills, asked.how, chance)
            is_well = is_well and not tally.faults
            slowest = f"{tally.slowest:.2f} s" if tally.slowest else ""
            print(
                f"| {asked.how} | `{name}` | {tally.ends} | {tally.runs} | {len(tally.faults)} "
                f"| {slowest} | {trial.whole.seconds:.1f} s | {tally.seconds:.0f} s |",
                flush=True,
            )
            for fault in tally.faults[:10]:
                print(f"{name}: {fault}", file=sys.stderr, flush=True)
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
