"""Signals and time limits."""

import os
import signal
import threading
import time

import pytest

from sonoloop.training.interruption import (
    Interruption,
    exit_status,
    ignore_signals,
    raise_if_signalled,
)


def test_time_limit_counts_from_the_start() -> None:
    """Before the limit there is no reason to stop; after it there is one, not an urgent one."""
    interruption = Interruption(max_seconds=0.05)
    assert interruption.reason is None
    time.sleep(0.06)
    assert interruption.reason == "the 0.05 seconds given are over"
    assert not interruption.is_urgent


def test_without_limit_there_is_none() -> None:
    """No time, no reason."""
    assert Interruption().seconds_left is None
    assert Interruption().reason is None


def test_a_further_reason_is_asked_for() -> None:
    """It ends the training for good; a time limit does not."""
    reasons: list[str | None] = [None]
    interruption = Interruption(also=lambda: reasons[0])
    assert interruption.reason is None
    assert not interruption.is_final
    reasons[0] = "nothing is left to learn"
    assert interruption.reason == "nothing is left to learn"
    assert interruption.is_final
    assert not interruption.is_urgent
    assert not Interruption(max_seconds=0.0).is_final


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_is_a_request(number: signal.Signals) -> None:
    """The process goes on and knows that it should stop; the old handler comes back."""
    before = signal.getsignal(number)
    with Interruption() as interruption:
        os.kill(os.getpid(), number)
        assert interruption.reason == f"{number.name} received"
        assert interruption.is_urgent
    assert signal.getsignal(number) is before


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_is_passed_on_as_exit_status(number: signal.Signals, status: int) -> None:
    """So that a script does not go on to stage 2 with half of stage 1; a time limit was asked."""
    with Interruption() as interruption:
        os.kill(os.getpid(), number)
        assert exit_status(interruption.reason) == status
    assert exit_status(Interruption(max_seconds=0.0).reason) == 0
    assert exit_status(None) == 0


def test_only_a_signal_is_raised() -> None:
    """With its reason, from which the command line takes message and status."""
    with pytest.raises(KeyboardInterrupt, match="SIGTERM received"):
        raise_if_signalled("SIGTERM received")
    raise_if_signalled("the 3 seconds given are over")
    raise_if_signalled(None)


def test_second_interrupt_stops_at_once() -> None:
    """Who presses Ctrl-C twice means it."""
    with Interruption():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_other_threads_may_train() -> None:
    """Python lets only the main thread take signals; elsewhere the time limit still works."""
    reasons = []

    def work() -> None:
        with Interruption(max_seconds=0.0) as interruption:
            reasons.append(interruption.reason)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert reasons == ["the 0 seconds given are over"]


def test_readers_ignore_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C reaches every process of a terminal; readers of clips leave it to their parent."""
    ignored = {}
    monkeypatch.setattr(signal, "signal", ignored.__setitem__)
    ignore_signals()
    assert ignored == {signal.SIGINT: signal.SIG_IGN, signal.SIGTERM: signal.SIG_IGN}
