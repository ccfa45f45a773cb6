"""Labels, classes and metadata of a dataset."""

import shutil
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from sonoloop.errors import UsageError
from sonoloop.recipes.audit_data import AuditData, open_audit_data
from sonoloop.recipes.audit_options import AuditOptions


def _open(dataset: Path, label: str = "moves", **options: str) -> AuditData:
    return open_audit_data(dataset, label, AuditOptions(**options))


def test_labels_come_from_the_manifest_of_all_sides(labelled_dataset: Path) -> None:
    """Every labelled video of every side is there under its own label; the rest is counted."""
    data = _open(labelled_dataset)
    assert Counter(data.labels) == {"yes": 19, "no": 19}
    assert data.classes == ("no", "yes")
    assert len(set(data.clips.groups)) == 20
    assert "2 of 40 videos have no moves and were left out" in data.notes
    assert any(note.startswith("1 of 20 patients have videos of several") for note in data.notes)


def test_metadata_is_what_describes_the_recording(labelled_dataset: Path) -> None:
    """Constant columns and clinical ones are not; the latter are named and can be added."""
    data = _open(labelled_dataset)
    assert set(data.metadata) == {"probe"}
    assert any("not counted as metadata: organ, severity, ward" in note for note in data.notes)
    assert set(_open(labelled_dataset, metadata="severity").metadata) == {"probe", "severity"}


def test_chosen_classes_come_in_the_order_given(labelled_dataset: Path) -> None:
    """The last of two is the positive one; videos of other classes are counted."""
    data = _open(labelled_dataset, label="severity", classes="2,0")
    assert data.classes == ("2", "0")
    assert set(data.labels) == {"0", "2"}
    assert "13 labelled videos of other classes were left out (--classes)" in data.notes


@pytest.mark.parametrize(
    ("label", "options", "sentence"),
    [
        ("colour", {}, "--label colour: .* no such column; choose from label, moves, organ"),
        ("label", {}, "label has one class: .* there are none"),
        ("ward", {}, r"ward has one class: an audit tells at least two apart; there are A \(40\)"),
        ("moves", {"classes": "maybe,yes"}, r"no video has the moves 'maybe'; there are no \(19\)"),
        ("moves", {"classes": "yes"}, "moves has one class"),
        ("patient_id", {}, "patient_id has 20 values, which are no classes"),
        ("moves", {"metadata": "ph"}, "--metadata ph: .* no such column; it has patient_id"),
    ],
)
def test_what_cannot_be_audited_is_refused(
    labelled_dataset: Path, label: str, options: dict[str, str], sentence: str
) -> None:
    """Unknown columns and classes, one class, too many values: one sentence with what there is."""
    with pytest.raises(UsageError, match=sentence):
        _open(labelled_dataset, label, **options)


def test_what_is_no_dataset_is_refused(labelled_dataset: Path, tmp_path: Path) -> None:
    """A folder without a store, without its index, or with a damaged one."""
    with pytest.raises(UsageError, match="is no prepared dataset: make one with"):
        _open(tmp_path)
    copy = tmp_path / "copy"
    shutil.copytree(labelled_dataset, copy)
    (copy / "index.parquet").write_bytes(b"no table")
    with pytest.raises(UsageError, match=r"index.parquet: is no readable table"):
        _open(copy)
    (copy / "index.parquet").unlink()
    with pytest.raises(UsageError, match=r"index.parquet: missing; run 'sonoloop data prepare'"):
        _open(copy)


def test_an_index_of_another_store_is_refused(labelled_dataset: Path, tmp_path: Path) -> None:
    """Videos that the index does not know have no labels to guess."""
    copy = tmp_path / "copy"
    shutil.copytree(labelled_dataset, copy)
    pl.read_parquet(copy / "index.parquet").head(30).write_parquet(copy / "index.parquet")
    with pytest.raises(UsageError, match=r"lacks video-30.mp4"):
        _open(copy)
