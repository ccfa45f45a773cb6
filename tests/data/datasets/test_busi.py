"""BUSI: masks are no stills, and the contradicting pair goes."""

import os
from pathlib import Path

import pytest

from sonoloop.data.datasets.busi import is_busi, read_busi
from sonoloop.errors import UsageError

REAL = os.environ.get("SONOLOOP_REAL_DATA")


def make(root: Path, *names: str) -> Path:
    """Write empty files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_masks_are_set_aside_and_the_pair_is_dropped(tmp_path: Path) -> None:
    """A second mask (_mask_1) too; the labels are the folders."""
    root = make(
        tmp_path,
        "benign/benign (10).png",
        "benign/benign (2).png",
        "benign/benign (2)_mask.png",
        "benign/benign (2)_mask_1.png",
        "benign/benign (433).png",
        "benign/benign (433)_mask.png",
        "malignant/malignant (145).png",
        "malignant/malignant (1).png",
    )
    assert is_busi(root)
    catalog = read_busi(root)
    assert [(item.item_id, item.label) for item in catalog.items] == [
        ("benign/benign (2).png", "benign"),
        ("benign/benign (10).png", "benign"),
        ("malignant/malignant (1).png", "malignant"),
    ]
    assert [drop.item_id for drop in catalog.dropped] == [
        "benign/benign (433).png",
        "malignant/malignant (145).png",
    ]
    assert all("labels contradict" in drop.reason for drop in catalog.dropped)
    assert not any(drop.is_failure for drop in catalog.dropped)
    assert catalog.notes[0] == "3 masks recognised and set aside"


def test_other_class_folders_are_no_busi(tmp_path: Path) -> None:
    """Classes named benign and malignant are not enough."""
    root = make(tmp_path, "benign/1.png", "malignant/2.png")
    assert not is_busi(root)
    with pytest.raises(UsageError, match="not the BUSI layout"):
        read_busi(root)


@pytest.mark.skipif(REAL is None, reason="needs SONOLOOP_REAL_DATA")
def test_the_real_folders_are_read() -> None:
    """66 stills at their original sizes, 647 small ones; less the pair each."""
    assert len(read_busi(Path(REAL or "") / "busi").items) == 64
    assert len(read_busi(Path(REAL or "") / "busi256").items) == 645
