"""Reading an evaluation's folder."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from sonoloop.checksums import write_sums
from sonoloop.errors import UsageError
from sonoloop.report.evaluation_folder import EvaluationFolder, all_loops, files_of, named_files
from sonoloop.report.records import RECORD_FILE, LoopRecord, read_record

Flipped = Callable[[Path, int], AbstractContextManager[None]]


def test_every_file_named_is_read(evaluation_path: Path) -> None:
    """Gallery and nearest ones, each once."""
    evaluation = EvaluationFolder.read(evaluation_path)
    named = {name for loop in all_loops(evaluation.record) for name in files_of(loop)}
    assert evaluation.media.keys() == named
    assert "loops/near.gif" in named
    assert all(media.problem is None for media in evaluation.media.values())


def test_files_of_a_loop() -> None:
    """Those that there are."""
    assert list(files_of(LoopRecord(name="a", real="r", synthetic=("s", "t")))) == ["r", "s", "t"]


def test_record_that_names_files_elsewhere_is_refused(
    evaluation_path: Path, tmp_path: Path
) -> None:
    """The page is passed on: it holds what lies in the folder and nothing else."""
    text = (evaluation_path / RECORD_FILE).read_text()
    (tmp_path / RECORD_FILE).write_text(text.replace("loops/near.gif", "/etc/near.gif"))
    with pytest.raises(UsageError, match="lies outside of it"):
        EvaluationFolder.read(tmp_path)


def test_a_damaged_loop_is_named(evaluation_path: Path, tmp_path: Path, flipped: Flipped) -> None:
    """By its checksum; the others are shown."""
    folder = shutil.copytree(evaluation_path, tmp_path / "evaluation")
    names = named_files(read_record(folder))
    write_sums(folder, [RECORD_FILE, *names])
    with flipped(folder / "loops" / "near.gif", 4000):
        media = EvaluationFolder.read(folder).media
    wrong = {name: one.problem for name, one in media.items() if one.problem}
    assert wrong == {"loops/near.gif": "loops/near.gif differs from its checksum"}
    assert media.keys() == set(names)
