"""Work on a file in a process of its own, which may take only so much time and memory.

A decoder that crashes, hangs or asks for all memory ends that process and nothing else; the next
file gets a fresh one. It bounds what a damaged or hostile file costs, and is no sandbox: the
process may read and write what the user may.

Time is the processor's, so that a busy computer refuses no honest file, and the kernel keeps it
(setitimer(2), signals at their default), so that code which never returns to Python is ended too.
Memory is what the process asks for beyond what it has at the start of the file (RLIMIT_DATA); that
is kept on Linux alone, time also on macOS, crashes everywhere.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import current_process, get_all_start_methods, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Lock, Thread
from types import ModuleType
from typing import Any, Final, NamedTuple, TypeVar

from sonoloop.errors import SonoloopError, UnreadableFileError

Argument = TypeVar("Argument")
Result = TypeVar("Result")

PRELOADED: Final = ("sonoloop.data.item_preparation",)
"""Imported once by the server that the processes are forked from; all readers come with it."""

NAME: Final = "decoding"
"""Of the processes."""

WALL_PER_CPU: Final = 10
"""A process that waits instead of working is ended after this multiple of its processor time."""

MEGABYTE: Final = 10**6
_STARTING: Final = Lock()

SECONDS_TO_END: Final = 1.0
"""Between hanging up and being gone, for a process that crashed."""


@dataclass(frozen=True)
class Limits:
    """What one file may cost.

    Args:
        cpu_s: Processor time for any file, in seconds.
        cpu_s_per_mb: More of it per megabyte of the file, so that long videos have theirs.
        memory_bytes: Memory beyond what the process has already.
    """

    cpu_s: float
    cpu_s_per_mb: float
    memory_bytes: int

    def seconds(self, path: Path) -> float:
        """Return the processor time that a file, or a folder of frames, may take.

        Args:
            path: The file or folder; one that is not there counts as empty.
        """
        try:
            files = list(path.iterdir()) if path.is_dir() else [path]
            num_bytes = sum(file.stat().st_size for file in files)
        except OSError:
            num_bytes = 0
        return self.cpu_s + self.cpu_s_per_mb * num_bytes / MEGABYTE


class _Call(NamedTuple):
    """What goes to the process."""

    function: Callable[[Any], Any]
    argument: Any
    cpu_s: float
    memory_bytes: int


class _Answer(NamedTuple):
    """What comes back: a value or an error."""

    value: Any
    error: Exception | None


class LimitedProcess:
    """Calls functions in another process, which is started at the first call and after a crash.

    Calls of several threads wait for each other. Used as a context manager, or ended by hand; else
    the process ends when nobody can call it any more.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._calling = Lock()
        self._is_closed = False

    def call(
        self,
        function: Callable[[Argument], Result],
        argument: Argument,
        *,
        path: Path,
        limits: Limits,
    ) -> Result:
        """Call a function over there.

        Args:
            function: Of a module, with one argument.
            argument: What it works on; copied, as is the result.
            path: The file it reads, for the limit of time and the message.
            limits: What that may cost.

        Raises:
            UnreadableFileError: If the process crashed or a limit was reached.
            SonoloopError: If it was closed.
            Exception: What the function raised.
        """
        if current_process().name == NAME:  # what was called over there calls on
            return function(argument)
        with self._calling:
            cpu_s = limits.seconds(path)
            connection = self._connected()
            try:
                connection.send(_Call(function, argument, cpu_s, limits.memory_bytes))
                answer: _Answer = connection.recv()
            except (EOFError, OSError) as error:
                if self._process is not None:
                    self._process.join(SECONDS_TO_END)
                reason = _why_it_ended(self.end(), cpu_s)
                raise UnreadableFileError(path, reason) from error
            if isinstance(answer.error, MemoryError):
                self.end()  # what is left of its memory may be in pieces
                raise UnreadableFileError(path, _too_much_memory(limits)) from answer.error
            if answer.error is not None:
                raise answer.error
            value: Result = answer.value
            return value

    def end(self) -> int | None:
        """End the process at once, if there is one; any thread may.

        Returns:
            How it ended: its exit status, the negative number of a signal, None if there was none.
        """
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if process is None or connection is None:
            return None
        process.kill()
        process.join()
        connection.close()
        return process.exitcode

    def close(self) -> None:
        """End the process for good, also one that another thread is just starting."""
        self._is_closed = True
        self.end()

    def __enter__(self) -> "LimitedProcess":  # noqa: PYI034 (beartype cannot read Self)
        """Return the object itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.end()

    def _connected(self) -> Connection:
        if self._connection is None:
            # Not forked from here: a copy of a process that has threads may deadlock.
            forks = "forkserver" in get_all_start_methods()
            context = get_context("forkserver") if forks else get_context("spawn")
            context.set_forkserver_preload(list(PRELOADED))
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_serve, args=(theirs, str(Path.cwd())), name=NAME, daemon=True
            )
            try:
                with _script_left_alone():
                    process.start()
            except BaseException:
                ours.close()  # a process that was started nevertheless ends by it
                raise
            finally:
                theirs.close()
            # Only now: SIGTERM may interrupt the lines above, and one not started cannot be ended.
            self._process, self._connection = process, ours
            if self._is_closed:  # by a thread that found nothing to end
                self.end()
                msg = "the process that reads files was closed"
                raise SonoloopError(msg)
        return self._connection


@contextmanager
def _script_left_alone() -> Iterator[None]:
    """Let a process start without running the user's script again, as multiprocessing would.

    What the process calls is in modules of this package; a script needs no ``if __name__ ==
    "__main__"`` for that.
    """
    with _STARTING:
        script = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = script


def _serve(connection: Connection, folder: str) -> None:
    """Answer calls until the other side hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the parent, which ends this
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_after, args=(parent,), daemon=True).start()
    os.chdir(folder)
    while True:
        try:
            call: _Call = connection.recv()
        except EOFError:
            return
        _limit(call.cpu_s, call.memory_bytes)
        try:
            answer = _Answer(call.function(call.argument), None)
        except Exception as error:  # noqa: BLE001 - raised again on the other side
            if not isinstance(error, SonoloopError):  # its place in the code is not sent along
                error.add_note("".join(traceback.format_tb(error.__traceback__)))
            answer = _Answer(None, error)
        _limit(0, None)
        connection.send(answer)
        del answer


def _end_after(parent: BaseProcess) -> None:
    """Wait for the end of the process that gives out the work: nobody reads the answer then."""
    parent.join()
    os._exit(1)


def _limit(cpu_s: float, memory_bytes: int | None) -> None:
    """Let the kernel end this process after so much time, and refuse it more memory."""
    if sys.platform == "win32":
        return
    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    signal.setitimer(signal.ITIMER_REAL, cpu_s * WALL_PER_CPU)
    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - not on Windows

        most = resource.getrlimit(resource.RLIMIT_DATA)[1]
        soft = most
        if memory_bytes is not None:
            pages = int(Path("/proc/self/statm").read_text().split()[5])  # proc(5): data and stack
            soft = pages * resource.getpagesize() + memory_bytes
        resource.setrlimit(resource.RLIMIT_DATA, (soft, most))


def _too_much_memory(limits: Limits) -> str:
    return (
        f"takes more than {limits.memory_bytes / 2**30:.1f} GB of memory to read: it is damaged, "
        "or cut it into shorter pieces"
    )


def _why_it_ended(exit_status: int | None, cpu_s: float) -> str:
    """Tell from the end of a process what the file did to it."""
    if sys.platform != "win32" and exit_status in {-signal.SIGPROF, -signal.SIGALRM}:
        return f"takes more than {cpu_s:g} s to read: it is damaged, or cut it into shorter pieces"
    if exit_status == -signal.SIGKILL:
        return "the system ended the program that decodes it, as it does when memory is short"
    return (
        f"crashed the program that decodes it (status {exit_status}); convert it to another format"
    )
