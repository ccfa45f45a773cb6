"""BLUES: 51 patients, and black frames at the start of some clips."""

import os
from pathlib import Path

import pytest

from sonoloop.data.datasets.blues import is_blues, read_blues
from sonoloop.data.manifest import read_rows
from sonoloop.errors import UsageError

REAL = os.environ.get("SONOLOOP_REAL_DATA")
HEADER = "path,patient_id,bluepoint,first_valid_frame,severity,b_lines\n"


def test_first_valid_frame_and_b_lines_are_taken(tmp_path: Path) -> None:
    """The label is b_lines unless another column is asked for."""
    (tmp_path / "a.mp4").touch()
    path = tmp_path / "manifest.csv"
    path.write_text(HEADER + "a.mp4,6,R3,2,3,no\n")
    rows = read_rows(path)
    assert is_blues(rows)
    (item,) = read_blues(tmp_path, path, rows).items
    assert (item.label, item.first_frame, item.group_id) == ("no", 2, "patient_id=6")
    (item,) = read_blues(tmp_path, path, rows, label_column="severity").items
    assert item.label == "3"


def test_another_manifest_is_refused(tmp_path: Path) -> None:
    """When the layout is asked for by name."""
    path = tmp_path / "manifest.csv"
    path.write_text("path,label\na.mp4,x\n")
    assert not is_blues(read_rows(path))
    with pytest.raises(UsageError, match="no column bluepoint, first_valid_frame, patient_id"):
        read_blues(tmp_path, path, read_rows(path))


@pytest.mark.skipif(REAL is None, reason="needs SONOLOOP_REAL_DATA")
def test_the_real_manifest_has_293_clips_of_51_patients() -> None:
    """As its authors state."""
    root = Path(REAL or "") / "blues"
    path = root / "manifest.csv"
    catalog = read_blues(root, path, read_rows(path))
    assert len(catalog.items) == 293
    assert len({item.group_id for item in catalog.items}) == 51
    assert {item.label for item in catalog.items} == {"yes", "no"}
    assert any(item.first_frame == 2 for item in catalog.items)
