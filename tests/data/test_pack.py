"""A pack gives back what a store holds, and notices what happened to it."""

import pickle
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonoloop.data.pack import PackedStore, is_pack, refuse_pack, write_pack
from sonoloop.data.splits import SplitName
from sonoloop.data.store import Entry, Store, StoreWriter
from sonoloop.errors import SonoloopError, UsageError

Flipped = Callable[[Path, int], AbstractContextManager[None]]
SIZE = 20
SIDES: dict[str, SplitName] = {"video0": "train", "video1": "validation", "still": "test"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Write two smooth videos and a still."""
    row = np.linspace(0, 200, SIZE)
    with StoreWriter(tmp_path / "store", size=SIZE) as writer:
        for name, count in (("video0", 11), ("video1", 3), ("still", 1)):
            frames = (row + np.arange(count)[:, None, None] * 3).repeat(SIZE, axis=1)
            kind = "still" if count == 1 else "video"
            entry = Entry(name, None if count == 1 else "a", f"of {name}", kind)
            writer.add(entry, frames.astype(np.uint8), np.arange(count) / 7)
    return Store.open(tmp_path / "store")


@pytest.fixture
def path(store: Store, tmp_path: Path) -> Path:
    """Write the pack."""
    path = tmp_path / "some.pack"
    assert write_pack(path, store, SIDES, step=4.0, source="name") == path.stat().st_size
    return path


def test_everything_comes_back(store: Store, path: Path) -> None:
    """Items, sides and times exactly, frames nearly."""
    packed = PackedStore.open(path)
    assert (packed.size, packed.items, packed.sides) == (SIZE, store.items, SIDES)
    for number in range(3):
        np.testing.assert_array_equal(packed.times_s(number), store.times_s(number))
        difference = packed.frames(number).astype(int) - store.frames(number)
        assert packed.frames(number).shape == store.frames(number).shape
        assert np.abs(difference).max() <= 4
    assert packed.frames(0) is packed.frames(0)
    with pytest.raises(ValueError, match="read-only"):
        packed.frames(0)[0, 0, 0] = 1


def test_the_same_dataset_gives_the_same_bytes(store: Store, path: Path, tmp_path: Path) -> None:
    """So that a pack can be named by its checksum."""
    write_pack(tmp_path / "other.pack", store, SIDES, step=4.0, source="name")
    assert (tmp_path / "other.pack").read_bytes() == path.read_bytes()


def test_an_opened_pack_travels_to_workers_without_its_frames(path: Path) -> None:
    """They decode what they need."""
    packed = PackedStore.open(path)
    before = len(pickle.dumps(packed))
    frames = packed.frames(0)
    assert len(pickle.dumps(packed)) == before
    copy = pickle.loads(pickle.dumps(packed))  # noqa: S301
    np.testing.assert_array_equal(copy.frames(0), frames)


@pytest.mark.parametrize("kept", [8, 40, 60, -1])
def test_a_truncated_pack_is_refused(path: Path, kept: int) -> None:
    """In the head, in the index, by one byte."""
    content = path.read_bytes()
    path.write_bytes(content[:kept])
    with pytest.raises(SonoloopError, match=r"some\.pack: .*\d+ bytes.*; copy it again"):
        PackedStore.open(path)


@pytest.mark.parametrize("place", [21, 53, 57, 200, -1])
def test_a_changed_byte_is_noticed(path: Path, place: int) -> None:
    """Wherever it is: in the checksum, in the index, in the frames."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(SonoloopError, match="differs from its checksum; copy it again"):
        PackedStore.open(path)


def test_a_newer_pack_is_refused(path: Path) -> None:
    """Before the checksum: what follows may mean anything."""
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, 8, 2)
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"pack of format 2, this version reads 1: update"):
        PackedStore.open(path)


@pytest.mark.parametrize("content", [b"", b"SLPACK\n\n" + bytes(99), b"RIFF some video"])
def test_another_file_is_no_pack(tmp_path: Path, content: bytes) -> None:
    """Empty, mangled by a transfer as text, foreign; writing over it is refused as well."""
    other = tmp_path / "other.mp4"
    other.write_bytes(content)
    assert not is_pack(other)
    with pytest.raises(UsageError, match=r"other\.mp4: is no pack; give a dataset folder"):
        PackedStore.open(other)


def test_other_files_are_not_written_over(store: Store, path: Path, tmp_path: Path) -> None:
    """A video or a folder stays; an older pack gives way."""
    video = tmp_path / "video.mp4"
    video.write_bytes(b"a video")
    for other in (video, tmp_path):
        with pytest.raises(UsageError, match=r"is no pack; choose another --out"):
            write_pack(other, store, SIDES, step=4.0, source="name")
    assert video.read_bytes() == b"a video"
    write_pack(path, store, SIDES, step=8.0, source="name")
    assert PackedStore.open(path).sides == SIDES


def test_measuring_on_a_pack_is_refused(path: Path) -> None:
    """A damaged one too; folders pass."""
    refuse_pack(path.parent)
    path.write_bytes(path.read_bytes()[:9])
    with pytest.raises(UsageError, match="frames are lossy: it is for training only; evaluate on"):
        refuse_pack(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bit=st.integers(0, 8 * 3000))
def test_any_flipped_bit_is_found(path: Path, flipped: Flipped, bit: int) -> None:
    """On opening, by the name of the file."""
    with flipped(path, bit), pytest.raises(SonoloopError, match=r"some\.pack"):
        PackedStore.open(path)
