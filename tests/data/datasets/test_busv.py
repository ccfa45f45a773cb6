"""BUSV: the errata of its authors are applied, with and without the leading x."""

from pathlib import Path

import pytest

from sonoloop.data.datasets.busv import rawframes_folder, read_busv
from sonoloop.errors import UsageError


def make(root: Path, *videos: str) -> Path:
    """Write folders with one frame."""
    for video in videos:
        (root / video).mkdir(parents=True)
        (root / video / "000000.png").touch()
    return root


@pytest.mark.parametrize("prefix", ["x", ""])
def test_errata_are_applied(tmp_path: Path, prefix: str) -> None:
    """One duplicate goes; one patient's four videos are malignant and one group."""
    root = make(
        tmp_path,
        f"rawframes/benign/{prefix}66ef02e7f1b9a0ef",
        f"rawframes/malignant/{prefix}3b88488853e8b7d1",
        f"rawframes/benign/{prefix}63c9ba1377f35bf6",
        f"rawframes/benign/{prefix}5a1c46ec6377e946",
        f"rawframes/malignant/{prefix}2390fbea047347b",
        f"rawframes/malignant/{prefix}7a39ab5d4970bf89",
        f"rawframes/benign/{prefix}0000000000000001",
    )
    catalog = read_busv(root)
    assert [drop.item_id for drop in catalog.dropped] == [
        f"rawframes/benign/{prefix}66ef02e7f1b9a0ef"
    ]
    assert "3b88488853e8b7d1" in catalog.dropped[0].reason
    one_patient = [item for item in catalog.items if item.group_id == "patient of the errata"]
    assert len(one_patient) == 4
    assert {item.label for item in one_patient} == {"malignant"}
    labels = [item.label for item in catalog.items]
    assert (labels.count("benign"), labels.count("malignant")) == (1, 5)
    assert sum("is malignant" in note for note in catalog.notes) == 2
    assert len({item.group_id for item in catalog.items}) == 3


def test_the_rawframes_folder_itself_may_be_given(tmp_path: Path) -> None:
    """With the same ids below it."""
    root = make(tmp_path, "rawframes/benign/x01", "rawframes/malignant/x02")
    assert rawframes_folder(root) == root / "rawframes"
    assert rawframes_folder(root / "rawframes") == root / "rawframes"
    ids = [item.item_id for item in read_busv(root / "rawframes").items]
    assert ids == ["benign/x01", "malignant/x02"]


def test_other_folders_are_no_busv(tmp_path: Path) -> None:
    """Class folders of files, or none."""
    (tmp_path / "benign").mkdir()
    (tmp_path / "benign" / "a.mp4").touch()
    assert rawframes_folder(tmp_path) is None
    with pytest.raises(UsageError, match="not the BUSV layout"):
        read_busv(tmp_path)
