"""A study from dataset to table."""

import csv
import json
import shutil
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from sonoloop.errors import UsageError
from sonoloop.recipes import study as module
from sonoloop.recipes.study import study
from sonoloop.recipes.study_fold import Makers
from sonoloop.recipes.study_options import EXTRA, PROBES, StudyOptions
from sonoloop.report.study_record import StudyRecord

QUIET = Console(quiet=True)
Finished = tuple[Path, StudyRecord]


def test_every_arm_is_in_the_tables(finished_study: Finished) -> None:
    """In the record, the CSV and the page; the figures are those of one fold."""
    out, record = finished_study
    (result,) = record.results
    assert [arm.arm for arm in result.arms] == [arm for arm in EXTRA if arm not in PROBES]
    assert json.loads((out / "study.json").read_text()) == record.model_dump(mode="json")
    rows = list(csv.DictReader(StringIO((out / "study.csv").read_text())))
    assert [row["arm"] for row in rows] == [arm.arm for arm in result.arms]
    page = (out / "study.md").read_text()
    assert "| r3d18 | real + LDDM |" in page
    assert record.findings[0] in page
    assert result.leaks is not None
    assert set(result.leaks.real_or_synthetic) == {"moves", "rests"}


def test_what_is_done_is_skipped_and_arms_can_be_added(
    finished_study: Finished, study_dataset: Path, tmp_path: Path, stand_ins: Makers
) -> None:
    """A lost cell is trained again to the same scores; another seed adds cells."""
    out = tmp_path / "study"
    shutil.copytree(finished_study[0], out)
    options = StudyOptions(**{**finished_study[1].options, "arms": "a,b"})
    lost = next((out / "cells").glob("*-a-*/scores.json"))
    before = json.loads(lost.read_text())
    lost.unlink()
    text = StringIO()
    study(
        study_dataset, out, options, label="label", console=Console(file=text, width=200),
        makers=stand_ins,
    )  # fmt: skip
    assert "1 training of classifiers, 1 more done already" in text.getvalue()
    after = json.loads(lost.read_text())
    assert after["held_out"] == before["held_out"]


def test_another_study_in_the_folder_is_refused(
    finished_study: Finished, study_dataset: Path, tmp_path: Path, stand_ins: Makers
) -> None:
    """What decides the cells is named."""
    out = tmp_path / "study"
    out.mkdir()
    shutil.copy(finished_study[0] / "settings.json", out)
    options = StudyOptions(**{**finished_study[1].options, "epochs": 2})
    with pytest.raises(UsageError, match="holds a study with epochs 1, 2 was asked for"):
        study(study_dataset, out, options, label="label", console=QUIET, makers=stand_ins)


def test_a_plan_starts_nothing(
    study_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No folder is made."""
    monkeypatch.setattr(module.LocalEngine, "run", lambda *_: pytest.fail("it started"))
    options = StudyOptions(folds=2, epochs=1, width=4, size=32)
    found = study(
        study_dataset, tmp_path / "study", options, label="label", plan_only=True, console=QUIET
    )
    assert found is None
    assert not (tmp_path / "study").exists()


def test_stills_of_their_own_have_no_true_videos(study_dataset: Path, tmp_path: Path) -> None:
    """Arm (k) is refused."""
    with pytest.raises(UsageError, match="leave k out of --arms"):
        study(
            study_dataset, tmp_path / "study", StudyOptions(folds=2), label="label",
            stills=study_dataset, console=QUIET,
        )  # fmt: skip


def test_a_division_by_video_is_marked_in_every_table(
    study_dataset: Path, tmp_path: Path, stand_ins: Makers
) -> None:
    """As leaking, on the page and in the findings."""
    out = tmp_path / "study"
    options = StudyOptions(
        arms="b,i", folds=2, run_folds=1, seeds=1, epochs=1, width=4, size=32, windows=1,
        split="video",
    )  # fmt: skip
    record = study(study_dataset, out, options, label="label", console=QUIET, makers=stand_ins)
    assert record is not None
    assert record.findings[0].startswith("LEAKS")
    assert "**LEAKS" in (out / "study.md").read_text()
    assert ",video" in (out / "study.csv").read_text().splitlines()[1]
