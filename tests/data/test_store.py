"""The store gives back what was put in, and notices damage."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from sonoloop.data.store import Entry, Store, StoreWriter
from sonoloop.errors import SonoloopError, UsageError

SIZE = 8


def write(folder: Path, counts: list[int], shard_bytes: int = 2**20) -> list[np.ndarray]:
    """Write videos of random frames and return them."""
    rng = np.random.default_rng(0)
    videos = [rng.integers(0, 256, (count, SIZE, SIZE), dtype=np.uint8) for count in counts]
    with StoreWriter(folder, size=SIZE, shard_bytes=shard_bytes) as writer:
        for number, frames in enumerate(videos):
            entry = Entry(f"video{number}", "a", f"group{number}", "video")
            writer.add(entry, frames, np.arange(len(frames)) / 25)
    return videos


@pytest.mark.parametrize("shard_bytes", [1, 10 * SIZE**2, 2**20])
def test_frames_and_times_come_back(tmp_path: Path, shard_bytes: int) -> None:
    """However many shards they lie in."""
    videos = write(tmp_path / "store", [5, 1, 7, 20], shard_bytes)
    store = Store.open(tmp_path / "store")
    for number, frames in enumerate(videos):
        np.testing.assert_array_equal(store.frames(number), frames)
        np.testing.assert_array_equal(store.times_s(number), np.arange(len(frames)) / 25)
    assert [item.item_id for item in store.items] == ["video0", "video1", "video2", "video3"]
    assert store.damaged_files() == []


def test_shards_close_between_items(tmp_path: Path) -> None:
    """A shard of 1 byte holds one item each; the frames are the raw bytes of the file."""
    videos = write(tmp_path / "store", [3, 4], shard_bytes=1)
    assert (tmp_path / "store" / "shard-00001.u8").read_bytes() == videos[1].tobytes()


def test_same_items_give_the_same_bytes(tmp_path: Path) -> None:
    """So that a store can be compared by its checksums."""
    for name in ("one", "two"):
        write(tmp_path / name, [3, 4])
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_an_opened_store_travels_to_workers_without_its_maps(tmp_path: Path) -> None:
    """Pickling a memory map would copy the shard."""
    videos = write(tmp_path / "store", [200])
    store = Store.open(tmp_path / "store")
    store.frames(0)
    pickled = pickle.dumps(store)
    assert len(pickled) < videos[0].nbytes / 2
    np.testing.assert_array_equal(pickle.loads(pickled).frames(0), videos[0])  # noqa: S301


def test_a_flipped_byte_is_found(tmp_path: Path) -> None:
    """By the shard's sha256."""
    write(tmp_path / "store", [3])
    shard = tmp_path / "store" / "shard-00000.u8"
    content = bytearray(shard.read_bytes())
    content[7] ^= 1
    shard.write_bytes(content)
    assert Store.open(tmp_path / "store").damaged_files() == ["shard-00000.u8"]


def test_a_cut_shard_is_refused(tmp_path: Path) -> None:
    """With the bytes found and expected."""
    write(tmp_path / "store", [3])
    shard = tmp_path / "store" / "shard-00000.u8"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(SonoloopError, match="191 bytes, 192 expected"):
        Store.open(tmp_path / "store")


def test_a_folder_without_store_is_refused(tmp_path: Path) -> None:
    """With the command that makes one."""
    with pytest.raises(UsageError, match="no clip store here; make one with 'sonoloop data"):
        Store.open(tmp_path)


def test_another_format_is_refused(tmp_path: Path) -> None:
    """Naming both formats."""
    write(tmp_path / "store", [3])
    index = tmp_path / "store" / "store.json"
    described = json.loads(index.read_text()) | {"format": 99}
    index.write_text(json.dumps(described))
    with pytest.raises(UsageError, match="store format 99, this version reads 1"):
        Store.open(tmp_path / "store")


@pytest.mark.parametrize("content", ["", "{}", '{"format": 1}', "[]"])
def test_a_damaged_index_is_refused(tmp_path: Path, content: str) -> None:
    """In one sentence."""
    write(tmp_path / "store", [3])
    (tmp_path / "store" / "store.json").write_text(content)
    with pytest.raises(SonoloopError, match="not a readable store index"):
        Store.open(tmp_path / "store")


def test_damaged_times_are_refused(tmp_path: Path) -> None:
    """A wrong number of times, or no numbers at all."""
    write(tmp_path / "store", [3])
    times = tmp_path / "store" / "times.npy"
    np.save(times, np.zeros(2))
    with pytest.raises(SonoloopError, match="times for 3 frames"):
        Store.open(tmp_path / "store")
    times.write_bytes(b"")
    with pytest.raises(SonoloopError, match="frame times cannot be read"):
        Store.open(tmp_path / "store")


def test_an_error_while_writing_leaves_no_index(tmp_path: Path) -> None:
    """A store is valid only once it is whole."""
    frames = np.zeros((3, SIZE, SIZE), dtype=np.uint8)
    entry = Entry("video", None, "group", "video")

    def write_badly() -> None:
        with StoreWriter(tmp_path / "store", size=SIZE) as writer:
            writer.add(entry, frames, np.arange(3.0))
            writer.add(entry, frames, np.zeros(3))

    with pytest.raises(ValueError, match="increase strictly"):
        write_badly()
    assert not (tmp_path / "store" / "store.json").exists()


def test_frames_of_another_size_are_refused(tmp_path: Path) -> None:
    """With both shapes."""
    writer = StoreWriter(tmp_path / "store", size=SIZE)
    frames = np.zeros((3, 4, 4), dtype=np.uint8)
    with pytest.raises(ValueError, match=r"need uint8 frames \(3, 8, 8\), got uint8 \(3, 4, 4\)"):
        writer.add(Entry("video", None, "group", "video"), frames, np.arange(3.0))
