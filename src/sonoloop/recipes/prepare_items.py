"""Prepare items in parallel: results in the order of the tasks, whatever finishes first."""

import errno
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

from sonoloop.data.item_preparation import ItemTask, PreparedItem, TooShortError, prepare_item
from sonoloop.errors import UnreadableFileError

Known = Mapping[str, PreparedItem]


@dataclass(frozen=True)
class Failure:
    """An item that gave no frames.

    Args:
        reason: One sentence.
        is_failure: False where the file is fine but too short.
    """

    reason: str
    is_failure: bool = True


Result = PreparedItem | Failure


def prepare_or_explain(task: ItemTask, known: Known) -> Result:
    """Prepare one item; a file that cannot be used becomes a value, a full disk stays an error.

    Args:
        task: What to do.
        known: Items done in an earlier run.

    Raises:
        OSError: If the work folder cannot be written.
    """
    try:
        return prepare_item(task, known)
    except UnreadableFileError as error:
        return Failure(error.reason, is_failure=not isinstance(error, TooShortError))
    except MemoryError:
        return Failure("does not fit into memory; cut it into shorter pieces")
    except OSError as error:
        # Errors of writing carry the work folder's path: those end the run.
        if error.errno in {errno.ENOSPC, errno.EDQUOT} or str(task.work) in str(error.filename):
            raise
        return Failure(f"cannot be read ({error.strerror or error})")


def prepare_all(
    tasks: Sequence[ItemTask], known: Known, *, workers: int, advance: Callable[[], None]
) -> list[Result]:
    """Prepare all items.

    Args:
        tasks: What to do.
        known: Items done in an earlier run.
        workers: Number of processes; 1 works in this one.
        advance: Called once per item as it ends.

    Returns:
        One result per task, in their order.

    Raises:
        OSError: If the work folder cannot be written; nothing more is begun then.
    """
    results: list[Result] = []
    for result in _results(tasks, known, workers):
        results.append(result)
        advance()
    return results


def _results(tasks: Sequence[ItemTask], known: Known, workers: int) -> Iterator[Result]:
    if workers == 1 or len(tasks) == 1:
        yield from (prepare_or_explain(task, known) for task in tasks)
        return
    done = 0
    try:
        for result in _pooled(tasks, known, workers):
            yield result
            done += 1
    except BrokenProcessPool:
        # A decoder brought its process down. One process per file finds out which one it is.
        for task in tasks[done:]:
            try:
                yield from _pooled([task], known, 1)
            except BrokenProcessPool:
                yield Failure("crashed the program that decodes it; convert it to another format")


def _pooled(tasks: Sequence[ItemTask], known: Known, workers: int) -> Iterator[Result]:
    # Not forked: a copy of a process that has threads (progress bar, polars) may deadlock.
    pool = ProcessPoolExecutor(min(workers, len(tasks)), mp_context=get_context("spawn"))
    try:
        yield from pool.map(partial(prepare_or_explain, known=known), tasks)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
