"""Items are prepared in parallel; trouble with one does not touch the others."""

import errno
import os
import signal
from dataclasses import replace
from multiprocessing import parent_process
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonoloop.data.item_preparation import ItemTask, PreparedItem
from sonoloop.data.phantom import phantom_clip
from sonoloop.recipes import prepare_items
from sonoloop.recipes.prepare_items import Failure, prepare_all, prepare_or_explain


def make_task(tmp_path: Path, path: Path) -> ItemTask:
    """Describe a still or a video at 64 pixels."""
    (tmp_path / "work").mkdir(exist_ok=True)
    return ItemTask(
        item_id=path.name,
        path=path,
        first_frame=0,
        size=64,
        num_frames=16,
        max_frames=None,
        work=tmp_path / "work",
    )


def write_still(path: Path, seed: int) -> Path:
    """Write a phantom's first frame."""
    frame = phantom_clip(np.random.default_rng(seed), size=64, num_frames=1)[0]
    Image.fromarray(frame).save(path)
    return path


def test_results_come_in_order_from_any_number_of_workers(tmp_path: Path) -> None:
    """The bad one in its place, and progress counts to the end."""
    tasks = [make_task(tmp_path, write_still(tmp_path / f"{n}.png", n)) for n in range(5)]
    tasks[2].path.write_text("no picture")
    counted: list[int] = []
    parallel = prepare_all(tasks, workers=2, advance=lambda: counted.append(1))
    assert [isinstance(result, Failure) for result in parallel] == [
        False,
        False,
        True,
        False,
        False,
    ]
    assert len(counted) == 5
    assert parallel == prepare_all(tasks, workers=1, advance=lambda: None)


def test_the_frame_at_fault_is_named(tmp_path: Path) -> None:
    """A folder of frames fails by one of them."""
    (tmp_path / "video").mkdir()
    for number in range(3):
        write_still(tmp_path / "video" / f"{number}.png", number)
    (tmp_path / "video" / "1.png").write_text("no picture")
    result = prepare_or_explain(make_task(tmp_path, tmp_path / "video"))
    assert isinstance(result, Failure)
    assert result.reason.startswith("1.png: ")


def fails_with(error: BaseException) -> object:
    """Stand in for ``prepare_item``."""

    def prepare_item(_: ItemTask) -> PreparedItem:
        raise error

    return prepare_item


def test_errors_of_writing_end_the_run_and_errors_of_reading_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told apart by the file they name."""
    task = make_task(tmp_path, tmp_path / "a.png")
    reading = PermissionError(errno.EACCES, "Permission denied", str(task.path))
    monkeypatch.setattr(prepare_items, "prepare_item", fails_with(reading))
    assert prepare_or_explain(task) == Failure("cannot be read (Permission denied)")
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(prepare_items, "prepare_item", fails_with(full))
    with pytest.raises(OSError, match="No space left"):
        prepare_or_explain(task)
    monkeypatch.setattr(prepare_items, "prepare_item", fails_with(MemoryError()))
    assert prepare_or_explain(task) == Failure(
        "does not fit into memory; cut it into shorter pieces"
    )


class CrashingPath(type(Path())):  # type: ignore[misc]
    """A file whose decoder brings the process down."""

    def exists(self) -> bool:
        """End the process that reads it as a segmentation fault would."""
        if parent_process() is not None:
            os.kill(os.getpid(), signal.SIGSEGV)
        return False

    is_dir = exists


@pytest.mark.parametrize("workers", [1, 2])
def test_a_crash_costs_one_file(tmp_path: Path, workers: int) -> None:
    """A decoder that ends its process: the others are prepared, whatever the number of workers."""
    good = [make_task(tmp_path, write_still(tmp_path / f"{n}.png", n)) for n in range(3)]
    bad = make_task(tmp_path, CrashingPath(tmp_path / "bad.png"))
    results = prepare_all([good[0], bad, *good[1:]], workers=workers, advance=lambda: None)
    assert [isinstance(result, PreparedItem) for result in results] == [True, False, True, True]
    assert isinstance(results[1], Failure)
    assert results[1].reason.startswith("crashed the program that decodes it")


def test_a_crash_of_the_only_file_is_told(tmp_path: Path) -> None:
    """One file is read in a process of its own, too."""
    bad = make_task(tmp_path, CrashingPath(tmp_path / "bad.png"))
    [result] = prepare_all([bad], workers=8, advance=lambda: None)
    assert isinstance(result, Failure)
    assert "status -11" in result.reason


def test_an_error_of_writing_comes_back_from_the_process(tmp_path: Path) -> None:
    """It ends the run, as it would in this process."""
    task = make_task(tmp_path, write_still(tmp_path / "a.png", 0))
    with pytest.raises(FileExistsError):
        prepare_all([replace(task, work=task.path)], workers=1, advance=lambda: None)
