"""Search for a learning rate, and a length, in equal time: what ``factorial.py`` does in a cell."""

import json
import math
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sonoloop.atomic_files import write_atomically
from sonoloop.errors import SonoloopError, UsageError
from sonoloop.training.interruption import exit_status
from sonoloop.training.log import read_lines
from sonoloop.training.loop import Outcome

RATES = (1.0, 0.3, 3.0, 0.1, 10.0, 0.03)
"""Learning rates of the trials, over the preset's."""
NO_END = 10_000_000
"""Steps that no time allows."""

Train = Callable[[Path, float, int, float | None], Outcome]
"""(run folder, rate, steps in all, seconds now) -> how it ended; goes on with what is there."""


def search(
    folder: Path, train: Train, *, trials: int, seconds: float, looks: int
) -> dict[str, Any]:
    """Try learning rates for equal time.

    Args:
        folder: Gets a run for each trial, and search.json; what that holds is not done again.
        train: Trains.
        trials: How many.
        seconds: Of a trial.
        looks: Held-out losses a trial, evenly spread over its time. With one, a trial that diverged
            is out; with several, what came before still counts.

    Returns:
        The trial with the lowest held-out loss, and its "step" then.

    Raises:
        SonoloopError: If all trials diverged.
    """
    found = read(folder / "search.json").get("trials", [])
    for number in range(len(found), trials):
        run = folder / f"trial{number}"
        shutil.rmtree(run, ignore_errors=True)  # one that was interrupted begins anew
        trial: dict[str, Any] = {"run": run.name, "rate": RATES[number]}
        try:
            for _ in range(looks):
                unless_interrupted(train(run, RATES[number], NO_END, seconds / looks))
        except UsageError:
            raise
        except SonoloopError as error:  # diverged: a rate that is not chosen
            trial["error"] = str(error)
        lines: list[dict[str, Any]] = read_lines(run / "log.jsonl")
        looked = [line for line in lines if "validation" in line]
        trial["losses"] = [[line["step"], line["validation"]["loss"]] for line in looked]
        if looked:
            trial["seconds_per_step"] = looked[-1]["seconds"] / looked[-1]["step"]
        found.append(trial)
        write(folder / "search.json", {"seconds_a_trial": seconds, "trials": found})
    ends = [
        {**trial, "step": step, "loss": loss}
        for trial in found
        for step, loss in trial["losses"]
        if math.isfinite(loss) and (looks > 1 or "error" not in trial)
    ]
    if not ends:
        msg = "; ".join(trial.get("error", "no held-out loss") for trial in found)
        raise SonoloopError(msg)
    return min(ends, key=lambda end: end["loss"])


def minutes_of(folder: Path) -> float:
    """Add up how long the runs in a folder trained."""
    logs = [read_lines(run / "log.jsonl") for run in folder.iterdir()]
    return sum(float(str(log[-1]["seconds"])) for log in logs if log) / 60


def unless_interrupted(outcome: Outcome) -> None:
    """End where a signal ended a training: the same command goes on later."""
    if status := exit_status(outcome.stopped_by):
        raise SystemExit(status)


def read(path: Path) -> dict[str, Any]:
    """Read a JSON file; empty where there is none."""
    return json.loads(path.read_text()) if path.is_file() else {}


def write(path: Path, content: Mapping[str, object]) -> None:
    """Write a JSON file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())
