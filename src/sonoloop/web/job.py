"""One request for loops: what was asked, how far it is, what came of it."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from sonoloop.synthesis.batch_options import BatchOptions, StillFile
from sonoloop.synthesis.manifest import Row

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
ENDED: Final[tuple[JobState, ...]] = ("done", "failed", "cancelled")
"""States that no job leaves."""


class JobStoppedError(Exception):
    """Nobody waits for the job any more, or its time is over; never reaches a user."""


@dataclass
class Job:
    """A request with its state; the service alone changes it.

    Args:
        id: Not to be guessed: who knows it may see the loops.
        folder: Where its loops are.
        stills: What to move.
        options: What to make of each.
        state: How it stands.
        loops_done: Loops that are finished, or given up with their still.
        error: Why there are no loops, in one sentence.
        remarks: What to know before using the loops.
        rows: The manifest's rows of the loops that were made.
    """

    id: str
    folder: Path
    stills: list[StillFile]
    options: BatchOptions
    state: JobState = "queued"
    loops_done: int = 0
    error: str | None = None
    remarks: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    began_s: float = 0.0
    time_limit_s: float = 0.0

    @property
    def num_loops(self) -> int:
        """Loops that were asked for."""
        return len(self.stills) * self.options.num_samples

    @property
    def is_over_time(self) -> bool:
        """Whether it has been worked on for longer than allowed."""
        return time.monotonic() - self.began_s > self.time_limit_s

    def ask(self) -> None:
        """Stop the work if it is no longer wanted.

        Raises:
            JobStoppedError: If so.
        """
        if self.stop.is_set() or self.is_over_time:
            raise JobStoppedError
