"""Where training reads from: a prepared dataset's folder, or a pack of it."""

import hashlib
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from sonoloop.data.pack import PackedStore
from sonoloop.data.recording import Frames
from sonoloop.data.splits import SplitName, read_split
from sonoloop.data.store import Store, file_sha256
from sonoloop.data.stored_item import StoredItem


@runtime_checkable
class FrameStore(Protocol):
    """Frames and times of items by their number."""

    @property
    def size(self) -> int:
        """Height and width of every frame in pixels."""
        ...

    @property
    def items(self) -> list[StoredItem]:
        """What there is."""
        ...

    def times_s(self, item: int, /) -> npt.NDArray[np.float64]:
        """Return the times of an item's frames in seconds from its first."""
        ...

    def frames(self, item: int, /) -> Frames:
        """Return an item's frames (t, size, size), read only."""
        ...


class DatasetSource(NamedTuple):
    """A dataset opened for reading.

    Args:
        store: The frames.
        sides: Side of every item by its id.
    """

    store: FrameStore
    sides: dict[str, SplitName]


def open_source(dataset: Path) -> DatasetSource:
    """Open a dataset folder or a pack.

    Args:
        dataset: Folder of ``sonoloop data prepare`` or file of ``sonoloop data pack``.

    Raises:
        UsageError: If it is neither, or of another format.
        SonoloopError: If it is damaged.
    """
    if dataset.is_file():
        packed = PackedStore.open(dataset)
        return DatasetSource(packed, packed.sides)
    return DatasetSource(Store.open(dataset / "store"), read_split(dataset / "split.json"))


def fingerprint(dataset: Path) -> str:
    """Name the content of a dataset: its frames (by their checksums) and its split.

    Args:
        dataset: Folder of ``sonoloop data prepare`` or file of ``sonoloop data pack``.

    Returns:
        16 hexadecimal digits.
    """
    if dataset.is_file():
        return file_sha256(dataset)[:16]
    digest = hashlib.sha256()
    for name in ("store/store.json", "split.json"):
        digest.update((dataset / name).read_bytes())
    return digest.hexdigest()[:16]
