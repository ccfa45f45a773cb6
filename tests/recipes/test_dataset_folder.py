"""The dataset folder is written aside and put in place in one go."""

import errno
from pathlib import Path

import pytest

from sonoloop.errors import SonoloopError, UsageError
from sonoloop.recipes.dataset_folder import DatasetFolder


def test_the_work_folder_goes_again_when_nothing_was_finished(tmp_path: Path) -> None:
    """And looking writes nothing."""
    folder = DatasetFolder.begin(tmp_path / "new", [])
    assert not list(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt), folder:
        raise KeyboardInterrupt
    assert not list((tmp_path / "new").iterdir())


def test_finished_items_stay_and_half_written_ones_go(tmp_path: Path) -> None:
    """For the next run, whose message counts them."""
    folder = DatasetFolder.begin(tmp_path / "dataset", [])

    def fill_the_disk() -> None:
        with folder:
            (folder.work / "a.json").touch()
            (folder.work / ".b.json.123.part").touch()
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(SonoloopError, match=r"no space left.*\(1 finished recordings are kept"):
        fill_the_disk()
    assert folder.finished_keys() == {"a"}
    assert [path.name for path in folder.work.iterdir()] == ["a.json"]
    again = DatasetFolder.begin(tmp_path / "dataset", [])
    assert again.finished_keys() == {"a"}


def test_a_damaged_dataset_has_no_earlier_items(tmp_path: Path) -> None:
    """It is read anew."""
    (tmp_path / "dataset").mkdir()
    folder = DatasetFolder.begin(tmp_path / "dataset", [])
    assert folder.earlier_items() == {}
    (folder.folder / "prepare.json").write_text("{")
    assert folder.earlier_items() == {}


def test_other_folders_are_not_written_into(tmp_path: Path) -> None:
    """A folder with a file that is no dataset's, and the input."""
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UsageError, match="holds other files than a dataset; choose another --out"):
        DatasetFolder.begin(tmp_path, [])
    with pytest.raises(UsageError, match="is the input"):
        DatasetFolder.begin(tmp_path / "x" / "..", [tmp_path])
