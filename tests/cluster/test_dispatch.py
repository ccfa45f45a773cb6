"""Work is handed out in order, no more than fits, and again when it was lost."""

from collections.abc import Iterator
from typing import Any

import pytest
import ray
from ray.exceptions import RaySystemError, RayTaskError, WorkerCrashedError

from sonoloop.cluster.dispatch import MOST_LOSSES, Job, dispatched
from sonoloop.errors import SonoloopError, UsageError


class Clusterlet:
    """Stands in for Ray: work ends in the order in which it began, or as it was told to."""

    def __init__(self) -> None:
        """Have nothing under way."""
        self.under_way: list[str] = []
        self.most = 0
        self.started: list[str] = []
        self.ends: dict[str, list[Any]] = {}

    def job(self, name: str, *ends: Any, **rest: Any) -> Job:  # noqa: ANN401
        """Name a piece whose tries end in turn as given, or well."""
        self.ends[name] = list(ends)
        return Job(name, lambda: self._start(name), **rest)

    def _start(self, name: str) -> str:
        self.started.append(name)
        self.under_way.append(name)
        self.most = max(self.most, len(self.under_way))
        return name

    def wait(
        self, references: list[str], *, num_returns: int, timeout: float
    ) -> tuple[list[str], list[str]]:
        """Let the oldest end."""
        assert num_returns == 1
        assert timeout > 0
        return references[:1], references[1:]

    def get(self, reference: str) -> object:
        """Return or raise what it ends with."""
        self.under_way.remove(reference)
        ends = self.ends[reference]
        end = ends.pop(0) if ends else f"result of {reference}"
        if isinstance(end, Exception):
            raise end
        return end


@pytest.fixture
def clusterlet(monkeypatch: pytest.MonkeyPatch) -> Clusterlet:
    """Put the stand-in in the place of Ray."""
    clusterlet = Clusterlet()
    monkeypatch.setattr(ray, "wait", clusterlet.wait)
    monkeypatch.setattr(ray, "get", clusterlet.get)
    return clusterlet


def test_no_more_is_taken_than_fits(clusterlet: Clusterlet) -> None:
    """Of work without end only what can be under way is looked at, as machines come and go."""
    taken = 0

    def endless() -> Iterator[Job]:
        nonlocal taken
        while True:
            taken += 1
            yield clusterlet.job(str(taken))

    slots = iter([2, 2, 5, 5, 5, 1, 1, 1, 1, 1])
    found = dispatched(endless(), lambda: next(slots), pytest.fail)
    ahead = []
    for number in range(1, 9):
        assert next(found)[1] == f"result of {number}"
        ahead.append(taken - number)
    assert ahead == [1, 1, 4, 4, 4, 3, 2, 1]
    assert clusterlet.most == 5


def test_work_waits_for_what_it_needs(clusterlet: Clusterlet) -> None:
    """Later work goes first meanwhile."""
    done: set[str] = set()
    jobs = [
        clusterlet.job("generator"),
        clusterlet.job("arm", can_start=lambda: "generator" in done),
        clusterlet.job("control"),
    ]
    for job, _ in dispatched(jobs, lambda: 2, pytest.fail):
        done.add(job.name)
    assert clusterlet.started == ["generator", "control", "arm"]
    assert done == {"generator", "control", "arm"}


def test_lost_work_is_started_again(clusterlet: Clusterlet) -> None:
    """Before other work, and it is told."""
    told: list[str] = []
    jobs = [clusterlet.job("one", WorkerCrashedError()), *map(clusterlet.job, ("two", "three"))]
    results = [result for _, result in dispatched(jobs, lambda: 2, told.append)]
    assert results == ["result of two", "result of one", "result of three"]
    assert told == ["one was lost with its worker: started again"]
    assert clusterlet.started == ["one", "two", "one", "three"]


def test_losses_have_an_end(clusterlet: Clusterlet) -> None:
    """Something is wrong with the machines then."""
    job = clusterlet.job("one", *[WorkerCrashedError() for _ in range(MOST_LOSSES + 1)])
    with pytest.raises(SonoloopError, match=rf"one was lost {MOST_LOSSES + 1} times with its"):
        list(dispatched([job], lambda: 1, lambda _: None))


def test_errors_of_the_work_are_its_own(clusterlet: Clusterlet) -> None:
    """A sentence stays one; what is a fault keeps its traceback."""
    wrong = UsageError("--size 7: too small")
    for cause, kind in ((wrong, UsageError), (KeyError("x"), RayTaskError)):
        job = clusterlet.job("one", RayTaskError("f", "a traceback", cause))
        with pytest.raises(kind) as raised:
            list(dispatched([job], lambda: 1, pytest.fail))
        assert (raised.value is wrong) == (kind is UsageError)
    job = clusterlet.job("one", RaySystemError("No module named 'sonoloop'\nmore"))
    with pytest.raises(SonoloopError, match=r"one failed on the cluster: .*No module named 'sono"):
        list(dispatched([job], lambda: 1, pytest.fail))
