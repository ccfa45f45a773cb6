"""Prepare items in parallel: results in the order of the tasks, whatever finishes first."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess

from sonoloop.data.item_preparation import ItemTask, PreparedItem, prepare_item
from sonoloop.errors import LeftOutError, UnreadableFileError


@dataclass(frozen=True)
class Failure:
    """An item that gave no frames.

    Args:
        reason: One sentence.
        is_failure: False where the file is fine but not wanted, such as too short.
    """

    reason: str
    is_failure: bool = True


Result = PreparedItem | Failure


def prepare_or_explain(task: ItemTask) -> Result:
    """Prepare one item; a file that cannot be used becomes a value, a full disk stays an error.

    Args:
        task: What to do.

    Raises:
        OSError: If the work folder cannot be written.
    """
    try:
        return prepare_item(task)
    except UnreadableFileError as error:
        where = "" if error.path == task.path else f"{error.path.name}: "
        return Failure(where + error.reason, is_failure=not isinstance(error, LeftOutError))
    except MemoryError:
        return Failure("does not fit into memory; cut it into shorter pieces")
    except OSError as error:
        # Errors of writing name a file of the work folder, or no file: those end the run.
        if error.filename is None or str(error.filename).startswith(str(task.work)):
            raise
        return Failure(f"cannot be read ({error.strerror or error})")


def prepare_all(
    tasks: Sequence[ItemTask], *, workers: int, advance: Callable[[], None]
) -> list[Result]:
    """Prepare all items.

    Args:
        tasks: What to do.
        workers: Number of processes; 1 works in this one.
        advance: Called once per item as it ends.

    Returns:
        One result per task, in their order.

    Raises:
        OSError: If the work folder cannot be written; nothing more is begun then.
    """
    results: list[Result] = []
    for result in _results(tasks, workers):
        results.append(result)
        advance()
    return results


def _results(tasks: Sequence[ItemTask], workers: int) -> Iterator[Result]:
    if workers == 1 or len(tasks) <= 1:
        yield from map(prepare_or_explain, tasks)
        return
    done = 0
    try:
        for result in _pooled(tasks, workers):
            yield result
            done += 1
    except BrokenProcessPool:
        # A decoder brought its process down. One process per file finds out which one it is.
        for task in tasks[done:]:
            try:
                yield from _pooled([task], 1)
            except BrokenProcessPool:
                yield Failure("crashed the program that decodes it; convert it to another format")


def _pooled(tasks: Sequence[ItemTask], workers: int) -> Iterator[Result]:
    # Not forked: a copy of a process that has threads (progress bar, polars) may deadlock.
    pool = ProcessPoolExecutor(
        min(workers, len(tasks)), mp_context=get_context("spawn"), initializer=_follow_parent
    )
    try:
        yield from pool.map(prepare_or_explain, tasks)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _follow_parent() -> None:
    """Let Ctrl-C end the parent alone, which then ends its workers, and end with it if killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    """Wait for the end of the process that gives out the work: nobody else would tell."""
    parent.join()
    os._exit(1)
