"""Manifests: CSV and Parquet give the same, and what is wrong in them is said."""

from pathlib import Path

import polars as pl
import pytest

from sonoloop.data.manifest import read_manifest, read_rows
from sonoloop.errors import UsageError

ROWS = [
    {"path": "b/10.mp4", "label": "x", "patient_id": "7", "licence": "CC BY"},
    {"path": "b/2.mp4", "label": "", "patient_id": "", "licence": ""},
]


def make(root: Path, text: str, *files: str) -> Path:
    """Write a manifest and empty files."""
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    path = root / "manifest.csv"
    path.write_text(text)
    return path


def test_csv_and_parquet_give_the_same(tmp_path: Path) -> None:
    """In natural order; an empty label is none, an empty patient a group of its own."""
    csv = make(
        tmp_path,
        "path,label,patient_id,licence\nb/10.mp4,x,7,CC BY\nb/2.mp4,,,\n",
        "b/2.mp4",
        "b/10.mp4",
    )
    pl.DataFrame(ROWS).write_parquet(tmp_path / "table.parquet")
    catalog = read_manifest(tmp_path, csv)
    assert catalog == read_manifest(tmp_path, tmp_path / "table.parquet")
    two, ten = catalog.items
    assert (two.item_id, two.label, two.group_id) == ("b/2.mp4", None, "file=b/2.mp4")
    assert (ten.item_id, ten.label, ten.group_id) == ("b/10.mp4", "x", "patient_id=7")
    assert ten.columns["licence"] == "CC BY"


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    """As spreadsheet programs write CSV."""
    path = make(tmp_path, "\ufeffpath,label\na.mp4,x\n", "a.mp4")
    assert read_manifest(tmp_path, path).items[0].item_id == "a.mp4"


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_are_recognised(tmp_path: Path, separator: str) -> None:
    """As spreadsheet programs of many countries write CSV; commas in values stay."""
    text = "\ufeffpath,label,note\na.mp4,x,1\n".replace(",", separator).replace("1", "1,5")
    item = read_manifest(tmp_path, make(tmp_path, text, "a.mp4")).items[0]
    assert (item.item_id, item.label, item.columns["note"]) == ("a.mp4", "x", "1,5")


def test_a_missing_file_is_left_out_as_a_failure(tmp_path: Path) -> None:
    """With manifest and line; the others stay."""
    path = make(tmp_path, "path,label\na.mp4,x\nb.mp4,x\n,x\n../c.mp4,x\n", "a.mp4")
    catalog = read_manifest(tmp_path, path)
    assert [item.item_id for item in catalog.items] == ["a.mp4"]
    reasons = {drop.item_id: drop.reason for drop in catalog.dropped}
    assert reasons["b.mp4"] == "listed in manifest.csv line 3, but there is no such file"
    assert reasons["manifest.csv line 4"] == "has no path"
    assert "outside" in reasons["c.mp4"]
    assert all(drop.is_failure for drop in catalog.dropped)


def test_without_patients_a_note_warns(tmp_path: Path) -> None:
    """Every file is its own group then."""
    catalog = read_manifest(tmp_path, make(tmp_path, "path,label\na.mp4,x\n", "a.mp4"))
    assert "has no patient_id" in catalog.notes[0]


def test_labels_come_from_the_column_asked_for(tmp_path: Path) -> None:
    """Or from none."""
    path = make(tmp_path, "path,severity\na.mp4,3\n", "a.mp4")
    assert read_manifest(tmp_path, path, label_column="severity").items[0].label == "3"
    assert read_manifest(tmp_path, path, label_column="none").items[0].label is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,name\na.mp4,x\n", r"no column label \(it has path, name\); name the label's column"),
        ("file,label\na.mp4,x\n", r"no column path \(it has file, label\); name the column of"),
        ("path,label\n", "has no rows"),
        ("", "has no rows"),
        ("path,label\na.mp4,x\na.mp4,y\n", r"line 3 lists a\.mp4 again"),
        ("path,label,first_valid_frame\na.mp4,x,two\n", "line 2 has first_valid_frame 'two'"),
    ],
)
def test_a_manifest_that_cannot_be_meant_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    """Missing columns, no rows, the same file twice, no number."""
    with pytest.raises(UsageError, match=message):
        read_manifest(tmp_path, make(tmp_path, text, "a.mp4"))


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    """A missing file, another type, damaged content."""
    with pytest.raises(UsageError, match=r"absent\.csv: no such manifest"):
        read_rows(tmp_path / "absent.csv")
    (tmp_path / "table.xlsx").touch()
    with pytest.raises(UsageError, match=r"a \.csv or \.parquet file, got '\.xlsx'"):
        read_rows(tmp_path / "table.xlsx")
    (tmp_path / "table.parquet").write_text("no parquet")
    with pytest.raises(UsageError, match="cannot be read as a parquet table"):
        read_rows(tmp_path / "table.parquet")
    (tmp_path / "table.csv").write_bytes(b"path\n\xff\xfe\n")
    with pytest.raises(UsageError, match=r"in UTF-8 \(invalid start byte at byte 5\); save"):
        read_rows(tmp_path / "table.csv")
