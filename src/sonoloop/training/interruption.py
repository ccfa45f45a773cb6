"""Reasons to stop between two steps: a signal, or the time that was given."""

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Final

_STOPPING: Final = (signal.SIGTERM, signal.SIGINT)


class Interruption:
    """Turns SIGTERM and SIGINT into a request to stop after the current step.

    A second SIGINT stops at once. Use as a context manager.

    Args:
        max_seconds: Time given from now, None for no limit.
        also: Asked for a further reason to stop, after which there is nothing to go on with;
            None says to go on.
    """

    def __init__(
        self, max_seconds: float | None = None, *, also: Callable[[], str | None] | None = None
    ) -> None:
        """Start the clock."""
        self.max_seconds = max_seconds
        self._started = time.monotonic()
        self._also = also
        self._signal: str | None = None
        self._former: dict[int, object] = {}

    @property
    def seconds_left(self) -> float | None:
        """Time until the limit, None without one."""
        if self.max_seconds is None:
            return None
        return self.max_seconds - (time.monotonic() - self._started)

    @property
    def is_urgent(self) -> bool:
        """Whether a signal asked to stop, so that nothing but a checkpoint should follow."""
        return self._signal is not None

    @property
    def is_final(self) -> bool:
        """Whether the further reason holds, so that going on later makes no sense."""
        return self._also is not None and self._also() is not None

    @property
    def reason(self) -> str | None:
        """Why to stop now, or None to go on."""
        if self._signal is not None:
            return self._signal
        left = self.seconds_left
        if left is not None and left <= 0:
            return f"the {self.max_seconds:g} seconds given are over"
        return self._also() if self._also is not None else None

    def __enter__(self) -> "Interruption":  # noqa: PYI034 (beartype cannot read Self here)
        """Take the signals over."""
        if threading.current_thread() is not threading.main_thread():
            return self  # only the main thread may take signals
        for number in _STOPPING:
            self._former[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        for number, former in self._former.items():
            signal.signal(number, former)  # type: ignore[arg-type]  # what signal() itself gave

    def _note(self, number: int, frame: FrameType | None) -> None:
        del frame
        if number == signal.SIGINT and self._signal is not None:
            raise KeyboardInterrupt
        self._signal = _received(signal.Signals(number))


def exit_status(reason: str | None) -> int:
    """Tell whoever waits for a training, such as the next line of a script, how it ended.

    Args:
        reason: Why it stopped early; None if it did not.

    Returns:
        130 after SIGINT and 143 after SIGTERM, as shells count, else 0: also where the time given
        is over, as was asked.
    """
    signals = (number for number in _STOPPING if reason == _received(number))
    return next((128 + number for number in signals), 0)


def raise_if_signalled(reason: str | None) -> None:
    """Give up after a signal, as a program without a training does; a time limit is none.

    Args:
        reason: Why a training stopped early; None if it did not.

    Raises:
        KeyboardInterrupt: With the reason, if a signal asked to stop. Ray starts work again that
            ends so.
    """
    if exit_status(reason):
        raise KeyboardInterrupt(reason)


def _received(number: signal.Signals) -> str:
    return f"{number.name} received"


def ignore_signals() -> None:
    """Leave stopping to the parent process: a reader of clips must outlive Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
