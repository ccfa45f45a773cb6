"""POCUS: patients joined by series, because its patient ids leak."""

import os
from pathlib import Path

import pytest

from sonoloop.data.datasets.pocus import is_pocus, read_pocus, series_name
from sonoloop.data.manifest import read_rows
from sonoloop.errors import UsageError

REAL = os.environ.get("SONOLOOP_REAL_DATA")

FILES = {
    "Pneu_northumbria_0409_set3_vid1.avi": ("bacterial_pneumonia", "190"),
    "Pneu_northumbria_0409_set3_vid2.avi": ("bacterial_pneumonia", "191"),
    "Reg_northumbria_0409_set3_vid1.avi": ("healthy", "206"),
    "Pneu_northumbria_0409_set4_vid1.avi": ("bacterial_pneumonia", "193"),
    "Vir_prospective_file1.mp4": ("viral_pneumonia", "114"),
    "Vir_or_Pneu_prospective_file4.mp4": ("viral_pneumonia", "116"),
    "Vir_prospective_file2.mp4": ("viral_pneumonia", "115"),
    "Reg-Atlas-lungcurtain.gif": ("healthy", "37"),
    "Pneu-Atlas-pneumonia.gif": ("bacterial_pneumonia", "37"),
}


def make(root: Path) -> Path:
    """Write empty files and their manifest."""
    lines = ["path,label,patient_id,probe,source_id"]
    for name, (label, patient) in FILES.items():
        (root / name).touch()
        lines.append(f"{name},{label},{patient},convex,18")
    path = root / "manifest.csv"
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("Pneu_northumbria_0409_set1_vid1.avi", "northumbria_0409_set1"),
        ("Reg_northumbria_0409_set1_vid12.avi", "northumbria_0409_set1"),
        ("Vir_or_Pneu_prospective_file4.mp4", "prospective_file1"),
        ("Vir_prospective_file1.mp4", "prospective_file1"),
        ("pneu-radiopaeda.mp4", "radiopaeda"),
        ("Cov-Atlas-+(43).gif", "atlas-+(43)"),
    ],
)
def test_series_is_the_name_without_label_and_number(name: str, series: str) -> None:
    """Whatever the label."""
    assert series_name(name) == series


def test_files_of_one_series_are_one_group(tmp_path: Path) -> None:
    """Across labels and ids, and a patient across series."""
    path = make(tmp_path)
    catalog = read_pocus(tmp_path, path, read_rows(path))
    groups = {item.item_id: item.group_id for item in catalog.items}
    assert (
        groups["Pneu_northumbria_0409_set3_vid1.avi"]
        == groups["Pneu_northumbria_0409_set3_vid2.avi"]
        == groups["Reg_northumbria_0409_set3_vid1.avi"]
    )
    assert groups["Vir_prospective_file1.mp4"] == groups["Vir_or_Pneu_prospective_file4.mp4"]
    assert groups["Reg-Atlas-lungcurtain.gif"] == groups["Pneu-Atlas-pneumonia.gif"]
    assert len(set(groups.values())) == 5
    assert catalog.notes == (
        "8 patient ids joined to 5 groups by the series their files belong to",
    )


def test_another_manifest_is_refused(tmp_path: Path) -> None:
    """When the layout is asked for by name."""
    path = tmp_path / "manifest.csv"
    path.write_text("path,label\na.mp4,x\n")
    assert not is_pocus(read_rows(path))
    with pytest.raises(UsageError, match="no column patient_id, probe, source_id"):
        read_pocus(tmp_path, path, read_rows(path))


@pytest.mark.skipif(REAL is None, reason="needs SONOLOOP_REAL_DATA")
def test_the_real_manifest_gives_fewer_groups_than_patients() -> None:
    """78 ids of 124 clips are 50 groups; the prospective pair is one of them."""
    root = Path(REAL or "") / "pocus"
    path = root / "manifest.csv"
    catalog = read_pocus(root, path, read_rows(path))
    assert len(catalog.items) == 124
    assert len({item.columns["patient_id"] for item in catalog.items}) == 78
    assert len({item.group_id for item in catalog.items}) == 50
