"""A training of a given time."""

from pathlib import Path

import pytest
from rich.console import Console

from sonoloop.recipes.config import Preset
from sonoloop.recipes.timed_training import (
    MANY_STEPS,
    TRAININGS,
    TimedTraining,
    seconds_per_step,
    with_steps,
)
from sonoloop.training.log import append_line
from sonoloop.training.loop import Outcome


def test_pace_leaves_the_slow_first_step_out(tmp_path: Path) -> None:
    """9 s for the first step, then 0.5 s each; a single step is all there is to go by."""
    log = tmp_path / "log.jsonl"
    append_line(log, {"step": 1, "losses": {}, "seconds": 9.0})
    assert seconds_per_step(tmp_path) == 9
    append_line(log, {"step": 2, "losses": {}, "seconds": 9.5})
    append_line(log, {"step": 2, "validation": {}, "seconds": 20.0})
    append_line(log, {"step": 3, "losses": {}, "seconds": 10.0})
    assert seconds_per_step(tmp_path) == pytest.approx(0.5)


def test_the_number_of_steps_is_fixed_once(tmp_path: Path) -> None:
    """Measured at 2 s a step: 4 steps to look, then what is left of 100 s; later calls keep it."""
    run, asked = tmp_path / "stage", []
    run.mkdir()
    for step in range(1, 5):
        append_line(run / "log.jsonl", {"step": step, "losses": {}, "seconds": 2.0 * step})

    def train(steps: int, seconds: float | None, where: Console) -> Outcome:
        del where
        asked.append((steps, seconds))
        return Outcome(4, None, None)

    for _ in range(2):
        TimedTraining(tmp_path / "steps.json", Console(quiet=True)).train(run, 100.0, train)
    assert asked[0] == (MANY_STEPS, 10.0)
    assert asked[1] == asked[2]
    assert asked[1] == (54, None)


def test_a_signal_ends_it(tmp_path: Path) -> None:
    """As Ctrl-C ends anything else; nothing is fixed."""
    plan = TimedTraining(tmp_path / "steps.json", Console(quiet=True))
    with pytest.raises(KeyboardInterrupt, match="SIGINT received"):
        plan.train(tmp_path / "x", 1.0, lambda *_: Outcome(1, "SIGINT received", None))
    assert not (tmp_path / "steps.json").exists()


def test_all_stages_get_the_steps() -> None:
    """And log each while their number is not known."""
    preset = with_steps(Preset(), 7)
    assert {getattr(preset, name).max_steps for name in TRAININGS} == {7}
    assert with_steps(Preset(), MANY_STEPS).flow_training.log_every == 1
