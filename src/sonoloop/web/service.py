"""The service behind page and REST: one warm model, a bounded queue, one worker.

Knows no web framework. Requests are worked on one after the other in the order in which they came:
a second worker would only share the same cores. All synthesis is ``synthesis.batch``'s.
"""

import logging
import secrets
import shutil
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from sonoloop.data.limited_reading import LimitedReader
from sonoloop.errors import SonoloopError, UnreadableFileError, is_out_of_memory
from sonoloop.recipes.synthesize import remarks
from sonoloop.synthesis.batch import synthesize_batch
from sonoloop.synthesis.batch_options import BatchOptions, Format
from sonoloop.synthesis.controlled_sampling import check_control
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.web.failures import where_and_what
from sonoloop.web.job import ENDED, Job, JobState, JobStoppedError
from sonoloop.web.limits import Limits
from sonoloop.web.stoppable_decoder import stoppable
from sonoloop.web.uploads import TooLargeError, Upload, check_count, store_uploads

FORMATS: Final[tuple[Format, ...]] = ("mp4", "gif", "npy", "dicom")
"""Files of every loop; the page plays the mp4."""
STILLS_FOLDER: Final = ".stills"
"""What was sent, below the job's folder; removed when the job ends."""
_LOG: Final = logging.getLogger(__name__)


class BusyError(SonoloopError):
    """The queue is full."""


class UnknownJobError(SonoloopError):
    """There is no such job or file, or it was forgotten."""


class SynthesisService:
    """Takes requests, works them off in order, keeps the loops for a while.

    Args:
        model: Makes the loops; loaded once.
        folder: Where the loops go, one folder a request.
        limits: What is accepted.
        keep_files: Whether loops stay on disk when their request is forgotten.
    """

    def __init__(
        self, model: ImageToVideo, folder: Path, limits: Limits, *, keep_files: bool = False
    ) -> None:
        """Start the worker."""
        self.model = model
        self.folder = folder
        self.limits = limits
        self.keep_files = keep_files
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: deque[Job] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._worker = threading.Thread(target=self._work, name="synthesis", daemon=True)
        self._worker.start()

    def __enter__(self) -> "SynthesisService":  # noqa: PYI034 - beartype takes no Self here
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the work in progress and the worker; what waits is cancelled."""
        with self._changed:
            self._closed = True
            for job in self._jobs.values():
                job.stop.set()
            self._changed.notify_all()
        self._worker.join()

    def submit(self, uploads: Sequence[Upload], options: BatchOptions) -> str:
        """Put a request at the end of the queue.

        Args:
            uploads: Stills.
            options: What to make of each; formats and memory are the service's own.

        Returns:
            Id of the job.

        Raises:
            BusyError: If the queue is full.
            TooLargeError: If too much is asked for.
            UsageError: If the model cannot do what is asked.
        """
        check_count(len(uploads), options.num_samples, self.limits)
        frames = options.loops.num_frames
        if frames is not None and frames > self.limits.max_frames:
            msg = f"{frames} frames were asked for, at most {self.limits.max_frames} are made here"
            raise TooLargeError(msg)
        check_control(self.model.sampler, options.loops)
        self._refuse_if_full()
        job_id = secrets.token_hex(12)
        folder = self.folder / job_id
        options = replace(options, formats=FORMATS, max_loop_mb=self.limits.max_loop_mb)
        try:
            stills = store_uploads(uploads, folder / STILLS_FOLDER, self.limits)
            job = Job(job_id, folder, stills, options, time_limit_s=self.limits.time_limit_s)
            with self._changed:
                self._refuse_if_full()
                self._jobs[job_id] = job
                self._waiting.append(job)
                self._changed.notify_all()
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return job_id

    def job(self, job_id: str) -> Job:
        """Give a job to look at.

        Raises:
            UnknownJobError: If there is none, or it was forgotten.
        """
        job = self._jobs.get(job_id)
        if job is None:
            msg = "there is no such job: it was cancelled, or forgotten because newer ones came"
            raise UnknownJobError(msg)
        return job

    def num_ahead(self, job: Job) -> int:
        """Count the jobs that come before a waiting one, the one at work included."""
        with self._changed:
            waiting = list(self._waiting)
            running = sum(other.state == "running" for other in self._jobs.values())
        return waiting.index(job) + running if job in waiting else 0

    def cancel(self, job_id: str) -> None:
        """Take a job back: it leaves the queue, or stops at the next window; its files go.

        Raises:
            UnknownJobError: If there is none.
        """
        job = self.job(job_id)
        with self._changed:
            job.stop.set()
            if job in self._waiting:
                self._waiting.remove(job)
                self._end(job, "cancelled")
            elif job.state in ENDED:
                self._forget(job)

    def file(self, job_id: str, name: str) -> Path:
        """Find a file of a finished job.

        Args:
            job_id: Of the job.
            name: One of the names in its folder, no path.

        Raises:
            UnknownJobError: If there is no such job or file.
        """
        job = self.job(job_id)
        known = {path.name: path for path in job.folder.iterdir()} if job.folder.is_dir() else {}
        if job.state != "done" or name not in known or name.startswith("."):
            msg = "there is no such file: the job's answer lists those that there are"
            raise UnknownJobError(msg)
        return known[name]

    def wait(self, job_id: str, timeout_s: float) -> Job:
        """Wait until a job has ended, or the time is over.

        Args:
            job_id: Of the job.
            timeout_s: Longest wait.
        """
        job = self.job(job_id)
        with self._changed:
            self._changed.wait_for(lambda: job.state in ENDED, timeout_s)
        return job

    def _refuse_if_full(self) -> None:
        if len(self._waiting) >= self.limits.max_queue:
            msg = (
                f"{len(self._waiting)} requests are waiting already, which is all this server "
                "takes: try again in a minute"
            )
            raise BusyError(msg)

    def _work(self) -> None:
        """Work off the queue until the service is closed; stills are read in a limited process."""
        with LimitedReader() as read:
            while (job := self._next()) is not None:
                state = self._make(job, read)
                with self._changed:
                    self._end(job, state)

    def _next(self) -> Job | None:
        """Wait for the next job; None when the service is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting)
            if self._closed:
                return None
            job = self._waiting.popleft()
            job.state, job.began_s = "running", time.monotonic()
            return job

    def _make(self, job: Job, read: LimitedReader) -> JobState:
        """Make the loops of one job; whatever goes wrong becomes a sentence."""

        def advance(count: int) -> None:
            job.loops_done += count
            if job.loops_done < job.num_loops:
                job.ask()

        try:
            model = stoppable(self.model, job.ask)
            result = synthesize_batch(
                model, job.stills, job.folder, job.options, advance=advance, read=read
            )
        except JobStoppedError:
            if job.stop.is_set():
                return "cancelled"
            job.error = (
                f"stopped after {job.time_limit_s:g} s, the longest work this server does for one "
                "request: ask for fewer samples, steps or frames"
            )
            return "failed"
        except SonoloopError as error:
            job.error = str(error)
            return "failed"
        except Exception as error:  # noqa: BLE001 - the server goes on, whatever a request brought
            job.error = _sentence(error)
            return "failed"
        failures = [_failure(job, failure) for failure in result.failures]
        job.rows = result.rows
        if not result.rows:
            job.error = "; ".join(failures)
            return "failed"
        job.remarks = [*remarks(result), *(f"left out: {failure}" for failure in failures)]
        return "done"

    def _end(self, job: Job, state: JobState) -> None:
        """Settle a job, remove what was sent, and forget the oldest ones."""
        shutil.rmtree(job.folder / STILLS_FOLDER, ignore_errors=True)
        if state != "done":
            shutil.rmtree(job.folder, ignore_errors=True)
        job.state = state
        ended = [one for one in self._jobs.values() if one.state in ENDED]
        for old in ended[: -self.limits.max_kept]:
            self._forget(old, keep_files=self.keep_files)
        self._changed.notify_all()

    def _forget(self, job: Job, *, keep_files: bool = False) -> None:
        if not keep_files:
            shutil.rmtree(job.folder, ignore_errors=True)
        self._jobs.pop(job.id, None)


def _failure(job: Job, failure: UnreadableFileError) -> str:
    """Say what is wrong with a still under the name its sender gave it."""
    names = {still.path: still.name for still in job.stills}
    return f"{names.get(failure.path, failure.path.name)}: {failure.reason}"


def _sentence(error: Exception) -> str:
    """Say what no user can mend; the rest goes to the server's terminal, without names of files."""
    if is_out_of_memory(error):
        return "the server is out of memory: ask for fewer or smaller loops"
    if isinstance(error, OSError):
        return f"the server cannot write the loops ({error.strerror}): tell who runs it"
    _LOG.error("a request failed with %s", where_and_what(error))
    return f"an error that should not be ({type(error).__name__}): tell who runs the server"
