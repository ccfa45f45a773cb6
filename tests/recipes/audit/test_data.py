"""Labels, classes and metadata of a dataset."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sonoloop.errors import UsageError
from sonoloop.recipes.audit.data import AuditData, open_audit_data
from sonoloop.recipes.audit.options import AuditOptions


def _open(
    dataset: Path, label: str = "moves", classes: tuple[str, ...] = (), metadata: str | None = None
) -> AuditData:
    return open_audit_data(dataset, label, AuditOptions(classes=classes, metadata=metadata))


def test_labels_come_from_the_manifest_of_all_sides(audited_dataset: Path) -> None:
    """Every labelled video of every side is there under its own label; the rest is counted."""
    data = _open(audited_dataset)
    assert Counter(data.labels) == {"yes": 19, "no": 19}
    assert data.classes == ("no", "yes")
    assert len(set(data.clips.groups)) == 20
    assert "2 of 40 videos have no moves and were left out" in data.notes
    assert any(note.startswith("1 of 20 patients have videos of several") for note in data.notes)


def test_metadata_is_what_describes_the_recording(audited_dataset: Path) -> None:
    """Constant columns and clinical ones are not; the latter are named and can be added."""
    data = _open(audited_dataset)
    assert set(data.metadata) == {"probe"}
    assert any("not counted as metadata: organ, severity, ward" in note for note in data.notes)
    assert set(_open(audited_dataset, metadata="severity").metadata) == {"probe", "severity"}


def test_chosen_classes_come_in_the_order_given(audited_dataset: Path) -> None:
    """The last of two is the positive one; videos of other classes are counted."""
    data = _open(audited_dataset, label="severity", classes=("2,0",))
    assert data.classes == ("2", "0")
    assert set(data.labels) == {"0", "2"}
    assert "videos of other classes were left out: 1 (13)" in data.notes
    joined = _open(audited_dataset, label="severity", classes=("mild=0,1", "severe=2"))
    assert Counter(joined.labels) == {"mild": 27, "severe": 13}


@pytest.mark.parametrize(
    ("label", "options", "sentence"),
    [
        ("colour", {}, "--label colour: .* has no such column; there are .*moves, organ"),
        ("label", {}, r"label holds one class only \(empty \(40\)\)"),
        ("ward", {}, r"ward holds one class only \(A \(40\)\)"),
        ("moves", {"classes": ("maybe,yes",)}, "no video has moves = maybe; there are no"),
        ("moves", {"classes": ("yes",)}, "moves holds one class only"),
        ("item_id", {}, "item_id holds 40 values"),
        ("moves", {"metadata": "ph"}, "--metadata ph: .* no such column; it has patient_id"),
    ],
)
def test_what_cannot_be_audited_is_refused(
    audited_dataset: Path, label: str, options: dict[str, Any], sentence: str
) -> None:
    """Unknown columns and classes, one class, too many values: one sentence with what there is."""
    with pytest.raises(UsageError, match=sentence):
        _open(audited_dataset, label, **options)


def test_what_is_no_dataset_is_refused(tmp_path: Path) -> None:
    """A folder without a store."""
    with pytest.raises(UsageError, match="is no prepared dataset: make one with"):
        _open(tmp_path)
