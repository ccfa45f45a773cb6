"""What a link in a given folder leads to is only read if it is in that folder, too."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonoloop.data.layouts import read_catalog
from sonoloop.data.links import leads_out, why_not_followed
from sonoloop.data.reading import find_recordings
from sonoloop.evaluation.clip_sets import folder_clips
from sonoloop.recipes.synthesize import find_stills


def write_still(path: Path) -> Path:
    """Write a picture of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """Make a folder with a picture, a link to it, and three kinds of links to private pictures."""
    given, private = tmp_path / "given", tmp_path / "private"
    write_still(given / "a" / "own.png")
    for number in range(2):
        write_still(private / "x-ray" / f"{number}.png")
    secret = write_still(private / "secret.png")
    (given / "a" / "again.png").symlink_to("own.png")
    (given / "a" / "secret.png").symlink_to(secret)
    (given / "b").symlink_to(private, target_is_directory=True)
    (given / "video").mkdir()
    for number in range(2):
        (given / "video" / f"{number}.png").symlink_to(private / "x-ray" / f"{number}.png")
    return given


def test_links_are_told_apart_by_where_they_lead(given: Path, tmp_path: Path) -> None:
    """Inside is fine, and so is a link that is itself what was given."""
    assert not leads_out(given / "a" / "own.png", given)
    assert not leads_out(given / "a" / "again.png", given)
    assert leads_out(given / "a" / "secret.png", given)
    assert leads_out(given / "b", given)
    assert leads_out(given / "video", given)
    (tmp_path / "linked").symlink_to(given, target_is_directory=True)
    assert not leads_out(tmp_path / "linked" / "a" / "own.png", tmp_path / "linked")
    assert "leads out of given" in why_not_followed(given)


def test_folders_behind_such_links_are_not_searched(given: Path) -> None:
    """The link is listed, what lies behind it is not."""
    found = [path.relative_to(given).as_posix() for path in find_recordings(given)]
    assert found == ["a/again.png", "a/own.png", "a/secret.png", "b", "video"]


@pytest.mark.parametrize("with_manifest", [False, True])
def test_prepare_leaves_them_out_and_says_so(given: Path, *, with_manifest: bool) -> None:
    """Found in folders or listed in a manifest: skipped, which is a failure."""
    if with_manifest:
        rows = "path,label\na/own.png,x\na/secret.png,x\nb/secret.png,x\nvideo,x\n"
        (given / "manifest.csv").write_text(rows)
    catalog = read_catalog([given])
    assert {item.item_id for item in catalog.items} <= {"a/own.png", "a/again.png"}
    assert {drop.item_id for drop in catalog.dropped} >= {"a/secret.png", "video"}
    assert all(drop.is_failure for drop in catalog.dropped)
    assert all("leads out of given" in drop.reason for drop in catalog.dropped)


def test_synthesize_refuses_them(given: Path) -> None:
    """In a folder; a file that is named itself is meant."""
    found = find_stills([given])
    assert [file.name for file in found.files] == ["a/again.png"]  # which is own.png
    assert sorted(error.path.name for error in found.refused) == ["b", "secret.png", "video"]
    assert len(find_stills([given / "a" / "secret.png"]).files) == 1


def test_evaluate_refuses_them(given: Path) -> None:
    """As clips of a generator."""
    np.save(given / "clip.npy", np.zeros((4, 32, 32), np.uint8))
    (given / "secret.npy").symlink_to(given.parent / "private" / "secret.npy")
    clips = folder_clips(given, at_least=1)
    assert [source.name for source in clips.sources] == ["clip.npy"]
    refused = {name for name, reason in clips.failures if "leads out of given" in reason}
    assert refused == {"a/secret.png", "b", "video", "secret.npy"}
