"""Stills in folders, patterns and listings; those in buckets are in test_bulk.py."""

from itertools import islice
from pathlib import Path

import fsspec  # type: ignore[import-untyped]
import numpy as np
import pytest
from PIL import Image

from sonoloop.cluster import still_listing as module
from sonoloop.cluster.still_listing import ListedStill, fetch, list_stills
from sonoloop.errors import UnreadableFileError, UsageError


@pytest.fixture
def stills(tmp_path: Path) -> Path:
    """Write three pictures, one of them deeper, a mask and a text."""
    folder = tmp_path / "stills"
    (folder / "deep").mkdir(parents=True)
    for name in ("2.png", "10.png", "deep/1.png", "2_mask.png"):
        Image.fromarray(np.zeros((20, 20), np.uint8)).save(folder / name)
    (folder / "notes.csv").touch()
    return folder


def _names(*images: object) -> list[str]:
    return [still.name for still in list_stills([str(image) for image in images])]


def test_folders_and_files_are_listed_as_elsewhere(stills: Path) -> None:
    """In natural order, by their place in the folder, without masks."""
    assert _names(stills) == ["2.png", "10.png", "deep/1.png"]
    assert _names(stills / "10.png") == ["10.png"]


def test_patterns(stills: Path) -> None:
    """What they match and can be read."""
    assert _names(stills / "1*.png", stills / "deep" / "*") == ["10.png", "1.png"]


def test_a_listing_is_read_as_it_is_needed(stills: Path, tmp_path: Path) -> None:
    """Its paths are relative to it, addresses stay; nobody looks ahead."""
    listing = tmp_path / "list.txt"
    lines = ["stills/2.png", "", str(stills / "10.png"), "s3://bucket/deep/3.dcm"]
    listing.write_text("\n".join(lines))
    found = list(list_stills([str(listing)]))
    assert [still.name for still in found] == ["2.png", "10.png", "3.dcm"]
    assert found[0].place == str(stills / "2.png")
    assert found[2].place == lines[3]
    endless = list_stills([str(listing), str(tmp_path / "nowhere")])
    assert len(list(islice(endless, 3))) == 3


def test_another_content_is_another_still(stills: Path) -> None:
    """Keys hold over runs and change with the file."""
    one, two = (next(list_stills([str(stills)])) for _ in range(2))
    assert one == two
    (stills / "2.png").write_bytes(b"changed")
    assert next(list_stills([str(stills)])).key != one.key


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        ("nowhere", "there is no file or folder"),
        ("no*.png", "names no image, DICOM file or video"),
        ("list.txt", "cannot be read"),
        ("nonsense://stills", "Protocol not known: nonsense"),
    ],
)
def test_what_cannot_be_listed_is_named(image: str, sentence: str, tmp_path: Path) -> None:
    """Also where nothing was given."""
    place = image if "://" in image else str(tmp_path / image)
    with pytest.raises(UsageError, match=sentence):
        list(list_stills([place]))
    with pytest.raises(UsageError, match="give at least one still"):
        list(list_stills([]))


def test_fetching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is here stays; what is elsewhere is copied, unless it is gone or too large."""
    here = ListedStill(str(tmp_path / "still.png"), "still.png", "k")
    assert fetch(here, tmp_path) == tmp_path / "still.png"
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/stills/one.PNG", b"content")
    there = ListedStill("memory://stills/one.PNG", "one.PNG", "k")
    copied = fetch(there, tmp_path)
    assert (copied.name, copied.read_bytes()) == ("k.png", b"content")
    with pytest.raises(UnreadableFileError, match=r"one.PNG: cannot be fetched"):
        fetch(there._replace(place="memory://stills/gone.png"), tmp_path)
    monkeypatch.setattr(module, "MAX_RECORDING_BYTES", 3)
    with pytest.raises(UnreadableFileError, match="has 7 bytes, at most 3 are fetched"):
        fetch(there, tmp_path)
