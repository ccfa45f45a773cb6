"""How a training begins and ends, in sentences."""

import io
import signal
from collections.abc import Callable

from rich.console import Console

from sonoloop.training.interruption import Interruption
from sonoloop.training.loop import Outcome

Train = Callable[..., Outcome]


def test_whole_training_says_where_it_ran_and_what_it_left(train: Train) -> None:
    """First line: size, batch, device, precision, steps. Last line: the folder."""
    file = io.StringIO()
    train(console=Console(file=file))
    first, *_, last = file.getvalue().splitlines()
    assert first.startswith("toy: 0.00 million weights, batch 4, cpu in ")
    assert first.endswith("from step 0 to 12")
    assert last.startswith("toy: done after 12 steps, weights and log in ")


def test_interrupted_training_says_how_to_go_on(train: Train) -> None:
    """Exactly as the command line promises."""
    file = io.StringIO()
    train(console=Console(file=file), interruption=Interruption(max_seconds=0.0))
    assert file.getvalue().splitlines()[-1] == (
        "toy: stopped at step 1 of 12 because the 0 seconds given are over; "
        "to resume, run the same command again with --resume"
    )


def test_a_training_with_nothing_left_to_do_says_so(train: Train) -> None:
    """There is nothing to resume."""
    file = io.StringIO()
    train(
        console=Console(file=file, width=200), interruption=Interruption(also=lambda: "it is flat")
    )
    assert "toy: done after 1 of 12 steps because it is flat" in file.getvalue()
    assert "--resume" not in file.getvalue()


def test_a_signal_during_the_last_step_is_passed_on(train: Train) -> None:
    """All steps are made, but what would follow the training must not begin."""
    steps = iter(range(1, 13))

    def late() -> None:
        if next(steps, 0) == 12:
            signal.raise_signal(signal.SIGTERM)

    outcome = train(interruption=Interruption(also=late))
    assert (outcome.step, outcome.stopped_by) == (12, "SIGTERM received")
