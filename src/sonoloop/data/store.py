"""The clip store: grey uint8 frames in a few large files, read by memory map.

A store is a folder::

    store.json        size, one entry per item (where its frames lie), sha256 per file
    times.npy         time of every frame in seconds from the first of its item, float64
    shard-00000.u8    frames (n, size, size) one after the other, no header

Items lie in the order of ``store.json``, in shards and in ``times.npy`` alike. The folder is
readable with numpy alone.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from sonoloop.data.recording import Frames
from sonoloop.data.stored_item import Kind, StoredItem, parse_items
from sonoloop.errors import SonoloopError, UsageError

STORE_FORMAT = 1
SHARD_BYTES = 256 * 2**20
"""A shard is closed once it holds this much; an item never straddles two."""


class Entry(NamedTuple):
    """What one video or still is.

    Args:
        item_id: Its path below the folder it came from.
        label: Its class, where there is one.
        group_id: What must stay on one side of a split (patient, series, near-duplicates).
        kind: "video" or "still".
    """

    item_id: str
    label: str | None
    group_id: str
    kind: Kind


def file_sha256(path: Path) -> str:
    """Hash a file's content, as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _shard_name(shard: int) -> str:
    return f"shard-{shard:05d}.u8"


class StoreWriter:
    """Writes a store into an empty folder; ``store.json`` comes last and makes it valid.

    Args:
        folder: Created here; must not exist.
        size: Height and width of every frame in pixels.
        shard_bytes: Size from which a new shard is begun.
    """

    def __init__(self, folder: Path, *, size: int, shard_bytes: int = SHARD_BYTES) -> None:
        """Create the folder."""
        folder.mkdir(parents=True)
        self._folder = folder
        self._size = size
        self._shard_bytes = shard_bytes
        self._items: list[StoredItem] = []
        self._times: list[npt.NDArray[np.float64]] = []
        self._sha256: list[str] = []
        self._file: BinaryIO | None = None
        self._hash = hashlib.sha256()
        self._frames_in_shard = 0

    def __enter__(self) -> "StoreWriter":  # noqa: PYI034 (beartype cannot read Self here)
        """Return the writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write the index, unless an error is under way."""
        if error is None:
            self.close()
        elif self._file is not None:
            self._file.close()

    def add(self, entry: Entry, frames: Frames, times_s: npt.NDArray[np.float64]) -> None:
        """Append one item.

        Args:
            entry: What it is; its id is unique.
            frames: (t, size, size), uint8.
            times_s: Time of each frame in seconds, strictly increasing.

        Raises:
            ValueError: If the frames are not uint8 of the store's size, or times do not match.
        """
        expected = (len(times_s), self._size, self._size)
        if frames.dtype != np.uint8 or frames.shape != expected or len(frames) == 0:
            found = f"{frames.dtype} {frames.shape}"
            msg = f"{entry.item_id}: need uint8 frames {expected}, got {found}"
            raise ValueError(msg)
        if np.any(np.diff(times_s) <= 0):
            msg = f"{entry.item_id}: frame times must increase strictly"
            raise ValueError(msg)
        if self._file is not None and self._frames_in_shard * self._size**2 >= self._shard_bytes:
            self._finish_shard()
        if self._file is None:
            self._file = (self._folder / _shard_name(len(self._sha256))).open("wb")
        data = np.ascontiguousarray(frames).data
        self._file.write(data)
        self._hash.update(data)
        shard, first_frame = len(self._sha256), self._frames_in_shard
        self._items.append(StoredItem(*entry, shard, first_frame, len(frames)))
        self._times.append(np.asarray(times_s, dtype=np.float64))
        self._frames_in_shard += len(frames)

    def _finish_shard(self) -> None:
        if self._file is None:
            return
        self._file.close()
        self._sha256.append(self._hash.hexdigest())
        self._file, self._hash, self._frames_in_shard = None, hashlib.sha256(), 0

    def close(self) -> None:
        """Finish the last shard and write ``times.npy`` and ``store.json``."""
        self._finish_shard()
        np.save(self._folder / "times.npy", np.concatenate([np.empty(0), *self._times]))
        description = {
            "format": STORE_FORMAT,
            "size": self._size,
            "shards": [
                {"file": _shard_name(shard), "sha256": sha256}
                for shard, sha256 in enumerate(self._sha256)
            ],
            "times_sha256": file_sha256(self._folder / "times.npy"),
            "items": [item._asdict() for item in self._items],
        }
        (self._folder / "store.json").write_text(json.dumps(description, indent=1) + "\n")


class Store:
    """A store opened for reading; frames are mapped, not loaded.

    Args:
        folder: The store folder.
        size: Height and width of its frames.
        items: Its items, in store order.
        sha256: Expected digests by file name.
    """

    def __init__(
        self, folder: Path, *, size: int, items: Sequence[StoredItem], sha256: dict[str, str]
    ) -> None:
        """Check that the files have the lengths the index promises."""
        self.folder = folder
        self.size = size
        self.items = list(items)
        self._sha256 = sha256
        ends = np.cumsum([0, *(item.num_frames for item in self.items)])
        self._time_bounds = list(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))
        self._times: npt.NDArray[np.float64] = self._load_times(int(ends[-1]))
        self._shards: dict[int, Frames] = {}
        self._check_lengths()

    @classmethod
    def open(cls, folder: Path) -> "Store":
        """Open a store folder.

        Args:
            folder: The folder that holds ``store.json``.

        Raises:
            UsageError: If there is no store, or one of another format.
            SonoloopError: If its files are damaged.
        """
        path = folder / "store.json"
        if not path.is_file():
            msg = f"{folder}: no clip store here; make one with 'sonoloop data prepare'"
            raise UsageError(msg)
        try:
            described: dict[str, Any] = json.loads(path.read_text())
            if described["format"] != STORE_FORMAT:
                msg = (
                    f"{path}: store format {described['format']}, this version reads "
                    f"{STORE_FORMAT}; prepare the dataset again"
                )
                raise UsageError(msg)
            items = parse_items(described["items"])
            sha256 = {
                _shard_name(shard): str(entry["sha256"])
                for shard, entry in enumerate(described["shards"])
            }
            size, sha256["times.npy"] = int(described["size"]), described["times_sha256"]
            _check_places(items, size, len(described["shards"]))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            msg = f"{path}: not a readable store index ({error}); prepare the dataset again"
            raise SonoloopError(msg) from error
        return cls(folder, size=size, items=items, sha256=sha256)

    def times_s(self, item: int) -> npt.NDArray[np.float64]:
        """Return the times of an item's frames in seconds from its first."""
        first, end = self._time_bounds[item]
        return self._times[first:end]

    def frames(self, item: int) -> Frames:
        """Map an item's frames (t, size, size), read only."""
        stored = self.items[item]
        if stored.shard not in self._shards:
            path = self.folder / _shard_name(stored.shard)
            mapped = np.memmap(path, dtype=np.uint8, mode="r").reshape(-1, self.size, self.size)
            # A plain view: indexing a memmap object itself costs several times as much.
            self._shards[stored.shard] = mapped.view(np.ndarray)
        return self._shards[stored.shard][stored.first_frame :][: stored.num_frames]

    def damaged_files(self) -> list[str]:
        """Compare every file with its digest and name those that differ."""
        return [
            name
            for name, sha256 in sorted(self._sha256.items())
            if file_sha256(self.folder / name) != sha256
        ]

    def __getstate__(self) -> dict[str, Any]:
        """Leave the maps behind: a loader's worker opens its own."""
        return self.__dict__ | {"_shards": {}}

    def _load_times(self, num_frames: int) -> npt.NDArray[np.float64]:
        path = self.folder / "times.npy"
        try:
            # Mapped, so that a header that promises more than the file has takes no memory.
            times = np.load(path, mmap_mode="r", allow_pickle=False)
        except Exception as error:  # numpy parses the header as Python, which fails in many ways
            msg = f"{path}: frame times cannot be read ({error}); prepare the dataset again"
            raise SonoloopError(msg) from error
        if times.shape != (num_frames,) or times.dtype != np.float64:
            msg = (
                f"{path}: {times.dtype} {times.shape} times for {num_frames} frames; "
                "prepare the dataset again"
            )
            raise SonoloopError(msg)
        return np.array(times)

    def _check_lengths(self) -> None:
        num_frames: dict[int, int] = {}
        for item in self.items:
            num_frames[item.shard] = num_frames.get(item.shard, 0) + item.num_frames
        for shard, count in num_frames.items():
            path = self.folder / _shard_name(shard)
            expected = count * self.size**2
            found = path.stat().st_size if path.is_file() else 0
            if path.is_symlink() and path.resolve().parent != self.folder.resolve():
                msg = f"{path}: is a link to a place outside the dataset; copy the file there"
                raise SonoloopError(msg)
            if found != expected:
                msg = f"{path}: {found} bytes, {expected} expected; prepare the dataset again"
                raise SonoloopError(msg)


def _check_places(items: Sequence[StoredItem], size: int, num_shards: int) -> None:
    """Check that the items lie in the shards one behind the other, as they are written."""
    place = (0, 0)
    for item in items:
        if (item.shard, item.first_frame) not in {place, (place[0] + 1, 0)}:
            msg = f"{item.item_id!r} does not lie behind the item before it"
            raise ValueError(msg)
        place = (item.shard, item.first_frame + item.num_frames)
    if size < 1 or (items and place[0] + 1 != num_shards):
        msg = f"size {size}, {num_shards} shards"
        raise ValueError(msg)
