"""What was measured on clips, kept by their content so that a second evaluation is quick.

A measurement turns the pixels of a clip, or of several that belong together, into a row of
numbers: features of a net, figures of motion, LPIPS against the true clip. The key is what the
pixels are, never a file's name or date, so a moved or renamed clip is known and a changed one is
not. Rows are appended in small files: nothing is written twice, and two evaluations may share a
folder.
"""

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol, runtime_checkable
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sonoloop import __version__
from sonoloop.atomic_files import write_atomically
from sonoloop.errors import UnreadableFileError
from sonoloop.evaluation.clip_sets import ClipSource
from sonoloop.shapes import Clip

ROWS_BETWEEN_WRITES: Final = 64
"""After a crash, at most this much is measured again."""

Item = tuple[ClipSource, ...]
"""Clips that are measured together: one for features, two for a distance to the true clip."""

NOT_READABLE: Final = (ValueError, OSError, EOFError, BadZipFile, RuntimeError)
"""How numpy and zipfile refuse a damaged file; its rows carry a CRC-32."""


@runtime_checkable
class Measurement(Protocol):
    """Numbers that follow from the content of clips alone."""

    @property
    def id(self) -> str:
        """All that changes the numbers, in a few words: two ids never give the same numbers."""

    @property
    def checksum(self) -> str:
        """SHA-256 of the net's weights; empty without a net."""

    @property
    def batch_size(self) -> int:
        """Items that are measured together."""

    def __call__(self, *clips: Clip) -> Tensor:
        """Measure a batch of items.

        Args:
            clips: One batch for each clip of an item, in [-1, 1].

        Returns:
            A row, of any shape, for each item.
        """


class MeasurementCache:
    """Rows of one measurement, in one folder."""

    def __init__(self, folder: Path, measurement: Measurement) -> None:
        """Read what is there.

        Args:
            folder: Where folders of all measurements lie.
            measurement: What is measured.

        Raises:
            UnreadableFileError: If a file is damaged.
        """
        # Rows of pixels change with this software, those of a net are pinned by its checksum.
        version = measurement.checksum or __version__
        key = hashlib.sha256(f"{measurement.id} {version}".encode()).hexdigest()[:16]
        self.folder = folder / f"{measurement.id.replace('/', '-')}-{key}"
        self._measurement = measurement
        self._known: dict[str, npt.NDArray[np.generic]] = {}
        self._unwritten: list[str] = []
        for path in sorted(self.folder.glob("*.npz")):
            self._known |= _read(path)

    def rows(
        self, items: Sequence[Item], advance: Callable[[int], None] = lambda _: None
    ) -> Tensor:
        """Look rows up, measuring and storing those that are not known.

        Args:
            items: Of clips of one shape, at least one item.
            advance: Called with the number of items done.

        Returns:
            A row for each item, in their order, as the measurement returns it.
        """
        keys = [_key(item) for item in items]
        pending: dict[str, Item] = {}
        for key, item in zip(keys, items, strict=True):
            if key in self._known or key in pending:
                advance(1)
                continue
            pending[key] = item
            if len(pending) == self._measurement.batch_size:
                self._measure(pending, advance)
        if pending:
            self._measure(pending, advance)
        self._write()
        return torch.from_numpy(np.stack([self._known[key] for key in keys]))

    def _measure(self, pending: dict[str, Item], advance: Callable[[int], None]) -> None:
        """Measure what waits, and forget that it did."""
        clips = [
            torch.cat([source.clip() for source in member])
            for member in zip(*pending.values(), strict=True)
        ]
        rows = self._measurement(*clips).cpu().numpy()
        self._known.update(zip(pending, rows, strict=True))
        self._unwritten += pending
        advance(len(pending))
        pending.clear()
        if len(self._unwritten) >= ROWS_BETWEEN_WRITES:
            self._write()

    def _write(self) -> None:
        """Add a file with the rows that are in none, named after what it holds."""
        if not self._unwritten:
            return
        buffer = io.BytesIO()
        rows = np.stack([self._known[key] for key in self._unwritten])
        np.savez(buffer, keys=np.array(self._unwritten), rows=rows)
        name = hashlib.sha256(" ".join(self._unwritten).encode()).hexdigest()[:16]
        write_atomically(self.folder / f"{name}.npz", buffer.getvalue())
        self._unwritten.clear()


def _key(item: Item) -> str:
    """Name an item by the content of its clips, in their order."""
    if len(item) == 1:
        return item[0].content
    return hashlib.sha256(" ".join(source.content for source in item).encode()).hexdigest()


def _read(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    try:
        # numpy leaves a file open that is no archive
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return dict(zip(stored["keys"].tolist(), stored["rows"], strict=True))
    except (*NOT_READABLE, KeyError) as error:
        reason = f"is no cache of measurements ({error}): delete it"
        raise UnreadableFileError(path, reason) from error
