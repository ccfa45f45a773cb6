"""Prepare items in parallel: results in the order of the tasks, whatever finishes first."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

from sonoloop.data.item_preparation import ItemTask, PreparedItem, prepare_item
from sonoloop.data.limited_reading import WHOLE_FILE_LIMITS
from sonoloop.errors import LeftOutError, UnreadableFileError
from sonoloop.limited_process import LimitedProcess


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
        workers: Number of processes.
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
    """Let one thread watch over each process, so that a crash costs the file that caused it."""
    num_processes = max(1, min(workers, len(tasks)))
    processes = [LimitedProcess() for _ in range(num_processes)]
    idle: SimpleQueue[LimitedProcess] = SimpleQueue()
    for process in processes:
        idle.put(process)

    def prepare(task: ItemTask) -> Result:
        process = idle.get()
        try:
            return process.call(prepare_or_explain, task, path=task.path, limits=WHOLE_FILE_LIMITS)
        except UnreadableFileError as error:
            return Failure(error.reason)
        finally:
            idle.put(process)

    watchers = ThreadPoolExecutor(num_processes)
    try:
        yield from watchers.map(prepare, tasks)
    finally:
        watchers.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.close()
        watchers.shutdown()
