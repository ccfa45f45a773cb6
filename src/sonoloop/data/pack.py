"""A prepared dataset as one small file, to train from where nothing else is at hand.

A pack is::

    8 bytes   "SLPACK", carriage return, line feed
    4 bytes   format, little-endian as all that follows
    8 bytes   length of the whole file
    32 bytes  SHA-256 of all that follows
    4 bytes   length of the index
    index     JSON: size, step of the codec, source; per item what the store and the split say of
              it, and where its frames and times lie behind the index
    data      frames by ``pack_codec``, times as float64, both per item

It has neither the index table nor what preparing found: training needs none of them. Frames are
not exactly those of the dataset, so nothing is evaluated on them.
"""

import hashlib
import json
import math
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sonoloop import __version__
from sonoloop.atomic_files import write_atomically
from sonoloop.data.pack_codec import MIN_STEP, decode_frames, encode_frames
from sonoloop.data.recording import Frames
from sonoloop.data.splits import SplitName, parse_sides
from sonoloop.data.store import Store
from sonoloop.data.stored_item import StoredItem, parse_items
from sonoloop.errors import SonoloopError, UsageError

PACK_FORMAT: Final = 1
_MAGIC: Final = b"SLPACK\r\n"  # a transfer as text would change it
_HEAD: Final = struct.Struct("<8sIQ32sI")
_HASHED_FROM: Final = _HEAD.size - 4  # the length of the index is hashed too


def write_pack(
    path: Path, store: Store, sides: dict[str, SplitName], *, step: float, source: str
) -> int:
    """Write a pack.

    Args:
        path: The file.
        store: What goes in.
        sides: Side of every item by its id.
        step: Of the codec, in grey levels.
        source: Names the dataset; kept for the record.

    Returns:
        Bytes written.

    Raises:
        UsageError: If another file than a pack stands there.
    """
    if path.is_dir() or (path.is_file() and not is_pack(path)):
        msg = f"{path}: stands there and is no pack; choose another --out"
        raise UsageError(msg)
    parts: list[bytes] = []
    items = []
    for number, item in enumerate(store.items):
        times = store.times_s(number).astype("<f8").tobytes()
        frames = encode_frames(store.frames(number), step)
        parts += [times, frames]
        coded = {"side": sides[item.item_id], "frames_bytes": len(frames)}
        items.append(item._asdict() | coded)
    described = {
        "sonoloop": __version__,
        "source": source,
        "size": store.size,
        "step": step,
        "items": items,
    }
    index = json.dumps(described).encode()
    hashed = b"".join([struct.pack("<I", len(index)), index, *parts])
    length = _HASHED_FROM + len(hashed)
    digest = hashlib.sha256(hashed).digest()
    head = _HEAD.pack(_MAGIC, PACK_FORMAT, length, digest, len(index))
    write_atomically(path, head[:_HASHED_FROM] + hashed)
    return length


def is_pack(path: Path) -> bool:
    """Tell whether a file begins as a pack does, whole or not."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def refuse_pack(dataset: Path) -> None:
    """Refuse to measure on a pack.

    Args:
        dataset: What somebody wants to evaluate on.

    Raises:
        UsageError: If it is a pack.
    """
    if is_pack(dataset):
        msg = (
            f"{dataset}: is a pack, whose frames are lossy: it is for training only; evaluate on "
            "the dataset folder that it was made from"
        )
        raise UsageError(msg)


class PackedStore:
    """A pack opened for reading: what a ``Store`` gives, and the split.

    An item is decoded when its frames are first asked for, and kept.

    Args:
        size: Height and width of the frames.
        step: Of the codec.
        items: What lies in it, in order.
        sides: Side of every item by its id.
        data: What lies behind the index.
        places: Where times and frames of each item begin, and where they end.
    """

    def __init__(
        self,
        *,
        size: int,
        step: float,
        items: list[StoredItem],
        sides: dict[str, SplitName],
        data: bytes,
        places: list[tuple[int, int, int]],
    ) -> None:
        """Keep the coded frames."""
        self.size = size
        self.items = items
        self.sides = sides
        self._step = step
        self._data = data
        self._places = places
        self._decoded: dict[int, Frames] = {}

    @classmethod
    def open(cls, path: Path) -> "PackedStore":
        """Open a pack.

        Args:
            path: The file.

        Raises:
            UsageError: If it is no pack, or one of a newer version.
            SonoloopError: If it is damaged.
        """
        content = path.read_bytes()
        again = "copy it again, or make it again with 'sonoloop data pack'"
        if content[: len(_MAGIC)] != _MAGIC:
            msg = f"{path}: is no pack; give a dataset folder or the file of 'sonoloop data pack'"
            raise UsageError(msg)
        if len(content) < _HEAD.size:
            msg = f"{path}: ends after {len(content)} bytes; {again}"
            raise SonoloopError(msg)
        _, pack_format, length, digest, index_length = _HEAD.unpack_from(content)
        if pack_format != PACK_FORMAT:
            msg = (
                f"{path}: pack of format {pack_format}, this version reads {PACK_FORMAT}: "
                "update sonoloop, or make the pack again with this version"
            )
            raise UsageError(msg)
        if len(content) != length:
            msg = f"{path}: {len(content)} bytes, {length} expected; {again}"
            raise SonoloopError(msg)
        if hashlib.sha256(content[_HASHED_FROM:]).digest() != digest:
            msg = f"{path}: differs from its checksum; {again}"
            raise SonoloopError(msg)
        data = content[_HEAD.size + index_length :]
        try:
            index = json.loads(content[_HEAD.size :][:index_length])
            entries = index["items"]
            stored = [{name: entry[name] for name in StoredItem._fields} for entry in entries]
            items = parse_items(stored)
            lengths = [int(entry["frames_bytes"]) for entry in entries]
            size, step = int(index["size"]), float(index["step"])
            sides = parse_sides({entry["item_id"]: entry["side"] for entry in entries})
            places = _places(items, lengths, len(data))
            _check_codec(size, step)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            msg = f"{path}: not a readable index ({error}); {again}"
            raise SonoloopError(msg) from error
        return cls(size=size, step=step, items=items, sides=sides, data=data, places=places)

    def times_s(self, item: int) -> npt.NDArray[np.float64]:
        """Return the times of an item's frames in seconds from its first."""
        begin, end, _ = self._places[item]
        return np.frombuffer(self._data[begin:end], dtype="<f8")

    def frames(self, item: int) -> Frames:
        """Return an item's frames (t, size, size), read only.

        Raises:
            SonoloopError: If what lies in the pack are no frames of this size and number.
        """
        if item not in self._decoded:
            _, begin, end = self._places[item]
            shape = (self.items[item].num_frames, self.size, self.size)
            try:
                decoded = decode_frames(self._data[begin:end], shape, self._step)
            except ValueError as error:
                msg = f"{self.items[item].item_id!r} of the pack cannot be decoded ({error})"
                raise SonoloopError(msg) from error
            decoded.flags.writeable = False
            self._decoded[item] = decoded
        return self._decoded[item]

    def __getstate__(self) -> dict[str, Any]:
        """Leave decoded frames behind: a loader's worker decodes what it needs."""
        return self.__dict__ | {"_decoded": {}}


def _places(
    items: Sequence[StoredItem], lengths: Sequence[int], num_bytes: int
) -> list[tuple[int, int, int]]:
    """Find where times and frames of each item begin, and where they end."""
    places, end = [], 0
    for item, length in zip(items, lengths, strict=True):
        begin, middle = end, end + 8 * item.num_frames
        end = middle + length
        places.append((begin, middle, end))
    if end != num_bytes or min(lengths, default=0) < 0:
        msg = f"{end} bytes of frames are described, {num_bytes} are there"
        raise ValueError(msg)
    return places


def _check_codec(size: int, step: float) -> None:
    if size < 1 or not MIN_STEP <= step < math.inf:
        msg = f"size {size}, step {step}"
        raise ValueError(msg)
