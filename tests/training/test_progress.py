"""What people see of a training."""

import io

import pytest
from rich.console import Console

from sonoloop.training import progress as module
from sonoloop.training.progress import TrainingProgress, describe_seconds


def watch(console: Console, steps: range) -> None:
    """Show some steps."""
    with TrainingProgress(console, "toy", max_steps=10, step=0) as progress:
        for step in steps:
            progress.advance(step)
            progress.update(step, loss=0.25, clips_per_second=123.4, seconds_left=30.0)
        progress.say("a [sentence]")


def test_terminal_sees_a_bar() -> None:
    """With steps, loss, throughput and time left."""
    file = io.StringIO()
    watch(Console(file=file, force_terminal=True, width=120), range(1, 6))
    text = file.getvalue()
    assert "5/10" in text
    assert "loss 0.25 · 123 clips/s" in text
    assert "left" in text
    assert "a [sentence]" in text


def test_pipe_sees_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """No control characters; the last step always has its line."""
    file = io.StringIO()
    watch(Console(file=file), range(1, 11))
    assert file.getvalue().count("\n") == 2
    assert "toy: step 10/10 · loss 0.25 · 123 clips/s · 0 s left\n" in file.getvalue()
    monkeypatch.setattr(module, "SECONDS_PER_LINE", 0.0)
    file = io.StringIO()
    watch(Console(file=file), range(1, 4))
    assert file.getvalue().count("clips/s") == 3
    assert "\x1b" not in file.getvalue()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (89.0, "89 s"), (91.0, "2 min"), (3600.0, "60 min"), (12_000.0, "3 h 20 min")],
)
def test_time_in_words(seconds: float, words: str) -> None:
    """Units change where people change them."""
    assert describe_seconds(seconds) == words
