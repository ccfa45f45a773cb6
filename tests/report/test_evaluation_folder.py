"""Reading an evaluation's folder."""

from pathlib import Path

import pytest

from sonoloop.errors import UsageError
from sonoloop.report.evaluation_folder import EvaluationFolder, all_loops, files_of
from sonoloop.report.records import RECORD_FILE, LoopRecord


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
