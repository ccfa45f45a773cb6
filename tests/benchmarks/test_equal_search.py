"""The search that every cell of the factorial is given."""

import importlib.util
import json
import math
from pathlib import Path
from types import ModuleType

import pytest

from sonoloop.errors import SonoloopError, UsageError
from sonoloop.training.loop import Outcome

SOURCE = Path(__file__).parents[2] / "benchmarks" / "equal_search.py"
LOSSES = {1.0: [3.0, 2.0, 2.5], 0.3: [4.0, 3.5, 3.0], 3.0: [2.2, 1.8, math.inf]}
"""Held-out losses of three trials, by rate."""


@pytest.fixture(scope="module")
def equal_search() -> ModuleType:
    """Import the script's neighbour, which is no package."""
    spec = importlib.util.spec_from_file_location("equal_search", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Trainer:
    """Writes the log of a training: ten steps a call, one held-out loss."""

    def __init__(self) -> None:
        """Count the calls."""
        self.calls: list[tuple[str, float]] = []

    def __call__(self, run: Path, rate: float, steps: int, seconds: float | None) -> Outcome:
        """Go on with a run."""
        assert steps > 10**6
        assert seconds == 2.0
        run.mkdir(parents=True, exist_ok=True)
        log = run / "log.jsonl"
        done = len(log.read_text().splitlines()) if log.exists() else 0
        self.calls.append((run.name, rate))
        line = {"step": 10 * done + 10, "seconds": done + 1.0}
        with log.open("a") as file:
            file.write(json.dumps(line | {"validation": {"loss": LOSSES[rate][done]}}) + "\n")
        if LOSSES[rate][done] == math.inf:
            msg = "the loss is not finite"
            raise SonoloopError(msg)
        return Outcome(10 * done + 10, "the seconds given are over", None)


def test_rate_and_length_of_the_lowest_held_out_loss(
    equal_search: ModuleType, tmp_path: Path
) -> None:
    """Each trial has the same time; what came before a divergence counts; a second call waits not.

    The lowest of all is 1.8, at rate 3 after the second of three looks, 20 steps.
    """
    train = Trainer()
    asked = {"trials": 3, "seconds": 6.0, "looks": 3}
    best = equal_search.search(tmp_path, train, **asked)
    assert (best["run"], best["rate"], best["step"], best["loss"]) == ("trial2", 3.0, 20, 1.8)
    assert [run for run, _ in train.calls] == [f"trial{k}" for k in (0, 0, 0, 1, 1, 1, 2, 2, 2)]
    assert equal_search.search(tmp_path, train, **asked) == best
    assert len(train.calls) == 9
    assert equal_search.minutes_of(tmp_path) == pytest.approx(9 / 60)


def test_an_interrupted_trial_begins_anew(equal_search: ModuleType, tmp_path: Path) -> None:
    """Its time would else be longer than the others'."""
    (tmp_path / "trial0").mkdir()
    (tmp_path / "trial0" / "log.jsonl").write_text("")
    train = Trainer()
    best = equal_search.search(tmp_path, train, trials=1, seconds=4.0, looks=2)
    assert (best["step"], len(train.calls)) == (20, 2)


def test_a_signal_ends_the_search(equal_search: ModuleType, tmp_path: Path) -> None:
    """The next trial does not begin, and what was interrupted is not taken for done."""

    def stopped(*_: object) -> Outcome:
        return Outcome(3, "SIGINT received", None)

    with pytest.raises(SystemExit) as exit_info:
        equal_search.search(tmp_path, stopped, trials=2, seconds=1.0, looks=1)
    assert exit_info.value.code == 130
    assert not (tmp_path / "search.json").exists()


def test_divergence_is_a_result_and_wrong_usage_is_not(
    equal_search: ModuleType, tmp_path: Path
) -> None:
    """Where every trial diverged the search says so; a wrong argument is passed on at once."""

    def diverging(*_: object) -> Outcome:
        msg = "the loss is not finite"
        raise SonoloopError(msg)

    def wrong(*_: object) -> Outcome:
        msg = "there is no dataset"
        raise UsageError(msg)

    with pytest.raises(SonoloopError, match="not finite; the loss is not finite"):
        equal_search.search(tmp_path / "one", diverging, trials=2, seconds=1.0, looks=1)
    with pytest.raises(UsageError, match="no dataset"):
        equal_search.search(tmp_path / "two", wrong, trials=2, seconds=1.0, looks=1)
    assert not (tmp_path / "two" / "search.json").exists()
