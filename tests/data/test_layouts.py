"""Layouts are told apart by what lies in the folder."""

from pathlib import Path

import pytest

from sonoloop.data.layouts import read_catalog
from sonoloop.errors import UsageError


def make(root: Path, *names: str) -> Path:
    """Write empty files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def with_manifest(root: Path, header: str, row: str) -> Path:
    """Write a manifest of one file."""
    make(root, "a.mp4")
    (root / "manifest.csv").write_text(f"{header}\n{row}\n")
    return root


def test_each_layout_is_recognised(tmp_path: Path) -> None:
    """By manifest columns, or by folders and file names."""
    pocus = with_manifest(
        tmp_path / "pocus", "path,label,patient_id,probe,source_id", "a.mp4,x,1,convex,2"
    )
    blues = with_manifest(
        tmp_path / "blues",
        "path,patient_id,bluepoint,first_valid_frame,b_lines",
        "a.mp4,1,L1,0,no",
    )
    table = with_manifest(tmp_path / "table", "path,label,patient_id", "a.mp4,x,1")
    folders = {
        "pocus": pocus,
        "blues": blues,
        "manifest": table,
        "busi": make(tmp_path / "busi", "benign/benign (1).png"),
        "busv": make(tmp_path / "busv", "rawframes/benign/x1/000000.png"),
        "generic": make(tmp_path / "generic", "a/1.mp4"),
    }
    for layout, folder in folders.items():
        assert read_catalog([folder]).layout == layout
    assert read_catalog([table / "manifest.csv"]).layout == "manifest"
    assert read_catalog([pocus], layout="generic").layout == "manifest"


def test_single_recordings_are_inputs_too(tmp_path: Path) -> None:
    """A file; a folder of frames is tested with the readers."""
    make(tmp_path, "a.mp4")
    (item,) = read_catalog([tmp_path / "a.mp4"]).items
    assert (item.item_id, item.label) == ("a.mp4", None)


def test_several_inputs_keep_their_patients_apart(tmp_path: Path) -> None:
    """Patient 1 of one is not patient 1 of the other."""
    one = with_manifest(tmp_path / "one", "path,label,patient_id", "a.mp4,x,1")
    two = with_manifest(tmp_path / "two", "path,label,patient_id", "b.mp4,x,1")
    catalog = read_catalog([one, two])
    assert [item.item_id for item in catalog.items] == ["one/a.mp4"]
    assert [item.group_id for item in catalog.items] == ["one/patient_id=1"]
    assert [drop.item_id for drop in catalog.dropped] == ["two/b.mp4"]
    assert catalog.layout == "manifest + manifest"


def test_inputs_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    """Missing, of another layout, of equal names, one manifest for two."""
    folder = make(tmp_path / "a", "x/1.mp4")
    twin = make(tmp_path / "b" / "a", "x/1.mp4")
    with pytest.raises(UsageError, match="no such file or folder"):
        read_catalog([tmp_path / "absent"])
    with pytest.raises(UsageError, match="not the BUSI layout"):
        read_catalog([folder], layout="busi")
    with pytest.raises(UsageError, match="not the BUSV layout"):
        read_catalog([folder], layout="busv")
    with pytest.raises(UsageError, match=r"which blues needs; give --manifest"):
        read_catalog([folder], layout="blues")
    with pytest.raises(UsageError, match="several inputs are named a"):
        read_catalog([folder, twin])
    with pytest.raises(UsageError, match="describes one input, 2 were given"):
        read_catalog([folder, twin], manifest=tmp_path / "m.csv")
    with pytest.raises(UsageError, match="--label-column severity needs a manifest"):
        read_catalog([folder], label_column="severity")
