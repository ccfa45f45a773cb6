"""A dataset is a folder or a pack."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.data.dataset_source import fingerprint, open_source
from sonoloop.data.pack import write_pack
from sonoloop.data.splits import SplitName, write_split
from sonoloop.data.store import Entry, Store, StoreWriter
from sonoloop.errors import UsageError

SIZE = 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write a dataset of two videos that brighten."""
    folder = tmp_path / "dataset"
    sides: dict[str, SplitName] = {"one": "train", "two": "test"}
    with StoreWriter(folder / "store", size=SIZE) as writer:
        for name in sides:
            levels = np.arange(20, dtype=np.uint8)[:, None, None] * 10
            frames = np.broadcast_to(levels, (20, SIZE, SIZE))
            writer.add(Entry(name, "a", name, "video"), frames, np.arange(20) / 25)
    write_split(folder / "split.json", sides, ratios=(0.5, 0.0, 0.5), seed=0)
    return folder


@pytest.fixture
def packed(folder: Path, tmp_path: Path) -> Path:
    """Pack it."""
    store, sides = Store.open(folder / "store"), open_source(folder).sides
    write_pack(tmp_path / "dataset.pack", store, sides, step=1.0, source=fingerprint(folder))
    return tmp_path / "dataset.pack"


def test_both_give_the_same_clips(folder: Path, packed: Path) -> None:
    """Same videos on the same sides, same windows, frames within a level or two."""
    config = ClipConfig(size=SIZE)
    for side in ("train", "test"):
        one, other = (ClipSet.open(place, side, config) for place in (folder, packed))
        assert one.item_ids == other.item_ids
        difference = one.clip(0).astype(int) - other.clip(0)
        assert np.abs(difference).max() <= 2
    with pytest.raises(UsageError, match=r"dataset\.pack: its validation split holds no videos"):
        ClipSet.open(packed, "validation", config)


def test_fingerprint_follows_the_content(folder: Path, packed: Path, tmp_path: Path) -> None:
    """Same content, same name, wherever it lies; another split or lossy frames, another name."""
    name = fingerprint(folder)
    assert len(name) == 16
    assert fingerprint(shutil.copytree(folder, tmp_path / "copy")) == name
    split = json.loads((folder / "split.json").read_text())
    split["items"] = dict.fromkeys(split["items"], "train")
    (tmp_path / "copy" / "split.json").write_text(json.dumps(split))
    names = {name, fingerprint(tmp_path / "copy"), fingerprint(packed)}
    assert len(names) == 3
    moved = packed.rename(tmp_path / "moved.pack")
    assert fingerprint(moved) in names
