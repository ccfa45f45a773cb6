"""A study from dataset to table."""

import csv
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from sonoloop.errors import UsageError
from sonoloop.recipes.study import engine
from sonoloop.recipes.study.fold import Makers
from sonoloop.recipes.study.generators import preset_sha256
from sonoloop.recipes.study.options import EXTRA, PROBES, StudyOptions
from sonoloop.recipes.study.study import study
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
    for name in ("auroc-r3d18-0.5.svg", "gain-r3d18-0.5.svg"):
        assert f"]({name})" in page
        assert (out / name).is_file()
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


def test_a_preset_file_that_changed_is_refused(
    finished_study: Finished, study_dataset: Path, tmp_path: Path, stand_ins: Makers
) -> None:
    """Though its name is the same."""
    preset, out = tmp_path / "mine.toml", tmp_path / "study"
    out.mkdir()
    preset.write_text("[autoencoder_training]\nmax_steps = 5\n")
    asked = {**finished_study[1].options, "generator_preset": str(preset)}
    settings = json.loads((finished_study[0] / "settings.json").read_text())
    settings |= {"generator_preset": str(preset), "generator_settings": preset_sha256(str(preset))}
    (out / "settings.json").write_text(json.dumps(settings))
    preset.write_text("[autoencoder_training]\nmax_steps = 6\n")
    with pytest.raises(UsageError, match=r"holds a study with generator-settings [0-9a-f]{12}, "):
        study(
            study_dataset, out, StudyOptions(**asked), label="label", console=QUIET,
            makers=stand_ins,
        )  # fmt: skip
    assert preset_sha256("laptop") is None


def test_a_plan_starts_nothing(
    study_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No folder is made."""
    monkeypatch.setattr(engine, "run_cell", lambda *_: pytest.fail("it started"))
    options = StudyOptions(folds=2, epochs=1, width=4, size=32)
    found = study(
        study_dataset, tmp_path / "study", options, label="label", plan_only=True, console=QUIET
    )
    assert found is None
    assert not (tmp_path / "study").exists()


def _labelled(source: Path, folder: Path, labels: Sequence[str | None]) -> Path:
    """Give the first videos of a dataset, two a patient, these labels, and the others none."""
    shutil.copytree(source, folder)
    index = pl.read_parquet(folder / "index.parquet")
    padded = [*labels, *[None] * (len(index) - len(labels))]
    index.with_columns(label=pl.Series(padded, dtype=pl.String)).write_parquet(
        folder / "index.parquet"
    )
    return folder


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (["rests"] * 12, r"label holds one class only \(empty \(20\), rests \(12\)\)"),
        ([], r"label holds one class only \(empty \(32\)\)"),
        (["rests", "moves"] * 2, "2 patients are fewer than 3 folds"),
        (["moves"] * 2 + ["rests"] * 22, r"moves \(1 patients\) lie in one fold"),
        (["moves"] * 4 + ["rests"] * 20, r"have no video of moves \(0 moves, \d+ rests\)"),
        (["a", "b", "c"] * 4, r"label has 3 classes \(a, b, c\), a study tells two apart"),
    ],
    ids=["one class", "no label", "few patients", "one patient", "no class in a part", "three"],
)
def test_data_that_cannot_be_studied_leave_no_table(
    study_dataset: Path, tmp_path: Path, labels: list[str | None], sentence: str
) -> None:
    """One sentence with the numbers, before anything is written."""
    dataset = _labelled(study_dataset, tmp_path / "dataset", labels)
    options = StudyOptions(folds=3, epochs=1, width=4, size=32)
    with pytest.raises(UsageError, match=sentence):
        study(dataset, tmp_path / "study", options, label="label", console=QUIET)
    assert not (tmp_path / "study").exists()


def test_patients_may_have_both_labels(study_dataset: Path, tmp_path: Path) -> None:
    """Whole patients are divided, whatever their videos show; a part must hold both classes."""
    labels = ["rests", "moves", "moves", "moves", "rests", "rests", "moves", "rests"] * 4
    dataset = _labelled(study_dataset, tmp_path / "dataset", labels)
    text = StringIO()
    study(
        dataset, tmp_path / "study", StudyOptions(folds=2, epochs=1, width=4, size=32),
        label="label", plan_only=True, console=Console(file=text, width=200),
    )  # fmt: skip
    assert "32 videos of 16 patients (moves 16, rests 16)" in text.getvalue()


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


def test_other_arms_are_not_trained_where_nothing_can_be_decided(
    study_dataset: Path, tmp_path: Path, stand_ins: Makers
) -> None:
    """After (b) and (k), with the numbers; "go-on" trains them in the same folder."""
    out, text = tmp_path / "study", StringIO()
    options = StudyOptions(
        arms="a,b,i,k", folds=2, seeds=1, epochs=1, width=4, size=32, windows=1, samples=1
    )
    record = study(
        study_dataset, out, options, label="label", console=Console(file=text, width=500),
        makers=stand_ins,
    )  # fmt: skip
    assert record is not None
    (result,) = record.results
    assert [arm.arm for arm in result.arms] == ["b", "k"]
    assert (result.not_trained, result.verdicts) == (("a", "i"), ())
    assert result.headroom is not None
    assert f"gain {result.headroom.estimate:+.3f}" in result.stopped
    assert record.num_cells == 4
    assert not (out / "generators").exists()
    said = f"r3d18 at ratio 0.5: undecidable: {result.stopped}; (a), (i) not trained"
    assert record.findings[0].startswith(said)
    assert said in (out / "study.md").read_text()
    assert "undecidable, true videos" in text.getvalue()
    going_on = replace(options, undecidable="go-on")
    record = study(study_dataset, out, going_on, label="label", console=QUIET, makers=stand_ins)
    assert record is not None
    assert [arm.arm for arm in record.results[0].arms] == ["a", "b", "i", "k"]
    assert record.results[0].not_trained == ()


def test_one_fold_decides_nothing(finished_study: Finished) -> None:
    """With --run-folds every arm is trained, whatever (k) gains."""
    _, record = finished_study
    assert record.results[0].headroom is not None
    assert record.results[0].headroom.estimate < 0.14
    assert record.results[0].not_trained == ()
