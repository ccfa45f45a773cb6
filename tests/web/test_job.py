"""A job knows whether it is still wanted."""

import time
from pathlib import Path

import pytest

from sonoloop.synthesis.batch_options import BatchOptions, StillFile
from sonoloop.web.job import Job, JobStoppedError


def job(tmp_path: Path, *, time_limit_s: float = 60.0) -> Job:
    """Begin a job of two stills."""
    stills = [StillFile(tmp_path / name, name) for name in ("a.png", "b.png")]
    options = BatchOptions(num_samples=3)
    began = time.monotonic()
    return Job("id", tmp_path, stills, options, began_s=began, time_limit_s=time_limit_s)


def test_wanted_job_goes_on(tmp_path: Path) -> None:
    """And knows what it makes."""
    begun = job(tmp_path)
    begun.ask()
    assert (begun.num_loops, begun.is_over_time) == (6, False)


def test_cancelled_job_stops(tmp_path: Path) -> None:
    """At the next question."""
    begun = job(tmp_path)
    begun.stop.set()
    with pytest.raises(JobStoppedError):
        begun.ask()


def test_job_over_time_stops(tmp_path: Path) -> None:
    """Without anyone asking for it."""
    begun = job(tmp_path, time_limit_s=-1.0)
    assert begun.is_over_time
    with pytest.raises(JobStoppedError):
        begun.ask()
