"""Hand work out: no more than fits, each piece after what it needs, the lost ones again."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import ray
from ray.exceptions import (
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayError,
    RayTaskError,
    TaskCancelledError,
    WorkerCrashedError,
)

from sonoloop.errors import SonoloopError

LOST: Final = (
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    TaskCancelledError,  # of a machine that was asked to end
    WorkerCrashedError,
)
"""What becomes of work whose machine or process is gone: nothing is wrong with the work."""
MOST_LOSSES: Final = 5
"""Of one piece of work; more are no accident."""
PATIENCE_S: Final = 1.0
"""How soon new machines are noticed, and Ctrl-C at the latest."""


class Job(NamedTuple):
    """A piece of work.

    Args:
        name: As people are told.
        start: Hands it to Ray and returns what Ray gives for it.
        can_start: Tells whether all that it needs is there.
    """

    name: str
    start: Callable[[], Any]
    can_start: Callable[[], bool] = lambda: True


def dispatched(
    jobs: Iterable[Job], slots: Callable[[], int], lost: Callable[[str], None]
) -> Iterator[tuple[Job, Any]]:
    """Do all pieces of work, the first ones first.

    Args:
        jobs: The work; taken only as fast as it can be handed out, so that it may be endless.
        slots: How many pieces may be under way.
        lost: Told, in a sentence, of every piece that is started again.

    Yields:
        Each piece and its result, in the order in which they end.

    Raises:
        SonoloopError: If a piece fails, or was lost too often.
    """
    under_way: dict[Any, Job] = {}
    queue = _Queue(jobs)
    losses: Counter[str] = Counter()
    while True:
        most = max(1, slots())
        while len(under_way) < most and (job := queue.next()) is not None:
            under_way[job.start()] = job
        if not under_way:
            return
        ready, _ = ray.wait(list(under_way), num_returns=1, timeout=PATIENCE_S)
        for reference in ready:
            job = under_way.pop(reference)
            try:
                result = _result(job, reference)
            except LOST as error:
                losses[job.name] += 1
                if losses[job.name] > MOST_LOSSES:
                    msg = (
                        f"{job.name} was lost {losses[job.name]} times with its worker "
                        f"({_first_line(error)}): look at the machines, then go on"
                    )
                    raise SonoloopError(msg) from error
                lost(f"{job.name} was lost with its worker: started again")
                queue.put_back(job)
                continue
            del reference  # or Ray would keep the result until the next one comes
            yield job, result


def _result(job: Job, reference: Any) -> Any:  # noqa: ANN401 - whatever the work returns
    """Get what a piece of work returned, or the error that it ended with."""
    try:
        return ray.get(reference)
    except LOST:
        raise
    except RayTaskError as error:
        if isinstance(error.cause, SonoloopError):
            raise error.cause from None
        raise
    except RayError as error:
        msg = f"{job.name} failed on the cluster: {_first_line(error)}"
        raise SonoloopError(msg) from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__


class _Queue:
    """Work in its order, whose first pieces may have to wait for other work."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs = iter(jobs)
        self._waiting: deque[Job] = deque()

    def next(self) -> Job | None:
        """Take the first piece that can be started; None if there is none now."""
        for place, job in enumerate(self._waiting):
            if job.can_start():
                del self._waiting[place]
                return job
        for job in self._jobs:
            if job.can_start():
                return job
            self._waiting.append(job)
        return None

    def put_back(self, job: Job) -> None:
        """Let a piece be the next."""
        self._waiting.appendleft(job)
