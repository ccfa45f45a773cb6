"""Training for a given time: measure the speed first, then fix the number of steps."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rich.console import Console

from sonoloop.atomic_files import write_atomically
from sonoloop.recipes.config import Preset
from sonoloop.training.interruption import raise_if_signalled
from sonoloop.training.log import read_lines
from sonoloop.training.loop import Outcome

MEASURED_SHARE: Final = 0.1
"""Part of a stage's time after which its speed is known and its number of steps is fixed."""
LEAST_SHARE: Final = 0.4
"""Part of a stage's time that goes to its steps, however long its clips took to encode."""
SHORTEST_STEP_S: Final = 1e-3
MANY_STEPS: Final = 1_000_000
"""More than any budget allows."""
LOG_EVERY: Final = 5
TRAININGS: Final = ("autoencoder_training", "diffusion_training", "flow_training")

Train = Callable[[int, float | None, Console], Outcome]
"""(steps in all, seconds now, where people read) -> how it ended."""


class TimedTraining:
    """How many steps fill each stage's time, fixed once per stage and kept on disk.

    Args:
        path: Where the numbers are kept.
        console: Where people read.
    """

    def __init__(self, path: Path, console: Console) -> None:
        """Read what is fixed already."""
        self._path = path
        self._console = console
        self._steps: dict[str, int] = json.loads(path.read_text()) if path.is_file() else {}

    def train(self, run: Path, seconds: float, train: Train) -> None:
        """Measure a stage's speed, fix its number of steps, and make them.

        Args:
            run: Run folder of the stage.
            seconds: Its time.
            train: Makes steps.

        Raises:
            KeyboardInterrupt: If a signal asked to stop.
        """
        if run.name not in self._steps:
            quiet, began = Console(quiet=True), time.monotonic()
            outcome = train(MANY_STEPS, MEASURED_SHARE * seconds, quiet)
            raise_if_signalled(outcome.stopped_by)
            # What building and encoding took counts too, but something is always left to train.
            left = max(seconds - (time.monotonic() - began), LEAST_SHARE * seconds)
            steps = round(left / seconds_per_step(run))
            self._steps[run.name] = outcome.step + max(1, steps)
            write_atomically(self._path, json.dumps(self._steps).encode())
        raise_if_signalled(train(self._steps[run.name], None, self._console).stopped_by)


def seconds_per_step(run: Path) -> float:
    """Tell how long a step takes, the first one, which is slower, left out where others are known.

    Args:
        run: Run folder whose log has a line for every step.
    """
    lines = [line for line in read_lines(run / "log.jsonl") if "losses" in line]
    seconds = [float(str(line["seconds"])) for line in lines]
    if len(seconds) > 1:
        return max((seconds[-1] - seconds[0]) / (len(seconds) - 1), SHORTEST_STEP_S)
    return max(seconds[0], SHORTEST_STEP_S)


def with_steps(preset: Preset, steps: int) -> Preset:
    """Set the number of steps of all stages, and log each while their number is not known.

    Args:
        preset: Settings.
        steps: Of each stage.
    """
    update = {"max_steps": steps, "log_every": 1 if steps == MANY_STEPS else LOG_EVERY}
    stages = {name: getattr(preset, name).model_copy(update=update) for name in TRAININGS}
    return preset.model_copy(update=stages)
