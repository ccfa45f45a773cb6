"""Progress of a training for people: a live bar in a terminal, a line now and then elsewhere."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

SECONDS_PER_LINE = 15.0
"""Pause between two lines where there is no terminal."""


class TrainingProgress:
    """Steps made, loss, clips per second and time left.

    Args:
        console: Where to write.
        title: What is trained.
        max_steps: Steps in all.
        step: Steps already made.
    """

    def __init__(self, console: Console, title: str, *, max_steps: int, step: int = 0) -> None:
        """Set up the bar; nothing is shown before the context is entered."""
        self._console = console
        self._title = title
        self._max_steps = max_steps
        self._first_step = step
        self._started = self._last_line = time.monotonic()
        self._bar = Progress(
            TextColumn(f"[bold]{title}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[facts]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(title, total=max_steps, completed=step, facts="")

    def __enter__(self) -> "TrainingProgress":  # noqa: PYI034 (beartype cannot read Self here)
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the bar as it stands."""
        self._bar.stop()

    def say(self, sentence: str) -> None:
        """Write a sentence above the bar.

        Args:
            sentence: Plain text.
        """
        self._console.print(sentence, markup=False, highlight=False, soft_wrap=True)

    def advance(self, step: int) -> None:
        """Move the bar.

        Args:
            step: Steps made.
        """
        self._bar.update(self._task, completed=step)

    def update(
        self, step: int, *, loss: float, clips_per_second: float, seconds_left: float | None
    ) -> None:
        """Show how far the training is.

        Args:
            step: Steps made.
            loss: Mean total loss since the last update.
            clips_per_second: Throughput since the last update.
            seconds_left: Time until the limit given, None without one.
        """
        now = time.monotonic()
        pace = (now - self._started) / max(step - self._first_step, 1)
        left = pace * (self._max_steps - step)
        if seconds_left is not None:
            left = min(left, max(seconds_left, 0.0))
        facts = f"loss {loss:.4g} · {clips_per_second:.3g} clips/s · {describe_seconds(left)} left"
        self._bar.update(self._task, completed=step, facts=facts)
        last = step >= self._max_steps
        if not self._console.is_terminal and (last or now - self._last_line >= SECONDS_PER_LINE):
            self._last_line = now
            self.say(f"{self._title}: step {step}/{self._max_steps} · {facts}")


def describe_seconds(seconds: float) -> str:
    """Write a time the way people say it.

    Args:
        seconds: At least 0.

    Returns:
        Such as "45 s", "12 min" or "3 h 20 min".
    """
    minutes = round(seconds / 60)
    if seconds < 90:  # noqa: PLR2004 (the border between two ways to say it)
        return f"{seconds:.0f} s"
    if minutes < 120:  # noqa: PLR2004
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
