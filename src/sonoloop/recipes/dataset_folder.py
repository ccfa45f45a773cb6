"""The dataset folder: built aside, then put in place in one go.

::

    index.parquet   one row per item: label, group, side, sizes, rates, manifest columns
    split.json      the side of every item
    store/          the frames
    prepare.json    options, what was dropped and why, what re-running needs; comes last
    quality.html    the same for the eye
    .partial/       finished items while a run is under way or was interrupted
"""

import errno
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from sonoloop.data.catalog import Catalog, CatalogItem, Dropped
from sonoloop.data.item_preparation import PreparedItem, read_prepared
from sonoloop.data.prepare_options import PrepareOptions
from sonoloop.data.recording import Frames
from sonoloop.data.splits import SplitName, parse_ratios, write_split
from sonoloop.data.store import Entry, Store, StoreWriter
from sonoloop.errors import SonoloopError, UsageError

PREPARE_FORMAT = 1


@dataclass(frozen=True)
class DatasetItem:
    """An item with everything decided about it.

    Args:
        source: What the catalogue says.
        prepared: What its file gave.
        group_id: Final group, near-duplicates joined.
        side: Its side of the split.
    """

    source: CatalogItem
    prepared: PreparedItem
    group_id: str
    side: SplitName


class DatasetFolder:
    """Writes a dataset so that the folder is valid, old or new, at every moment.

    Used as a context manager around the work: an error removes half-written files and keeps
    finished items for the next run; success removes ``.partial``.
    """

    def __init__(self, folder: Path) -> None:
        """Use :meth:`begin`."""
        self.folder = folder
        self.work = folder / ".partial" / "items"
        self._assembly = folder / ".partial" / "dataset"
        self._finished = False

    @classmethod
    def begin(cls, folder: Path, inputs: Sequence[Path]) -> "DatasetFolder":
        """Create the folder and its work folder.

        Args:
            folder: The dataset folder.
            inputs: What will be read, so that it is not written over.

        Raises:
            UsageError: If the folder is an input, holds something else or cannot be written.
        """
        if any(folder.resolve() == path.resolve() for path in inputs):
            msg = f"{folder}: is the input; choose another --out"
            raise UsageError(msg)
        dataset = cls(folder)
        try:
            if folder.is_dir() and any(folder.iterdir()) and not dataset._is_ours():
                msg = f"{folder}: holds other files than a dataset; choose another --out"
                raise UsageError(msg)
            dataset.work.mkdir(parents=True, exist_ok=True)
            (dataset.work / "writable").touch()
        except OSError as error:
            msg = f"{folder}: cannot be written ({error.strerror}); choose another --out"
            raise UsageError(msg) from error
        return dataset

    def _is_ours(self) -> bool:
        return (self.folder / "prepare.json").is_file() or (self.folder / ".partial").is_dir()

    def known_items(self) -> dict[str, PreparedItem]:
        """Read the items of the dataset that is there, by key; none if it is damaged."""
        try:
            described = json.loads((self.folder / "prepare.json").read_text())
            Store.open(self.folder / "store")
        except (OSError, ValueError, SonoloopError):
            return {}
        if described.get("format") != PREPARE_FORMAT:
            return {}
        items = [PreparedItem.from_json(entry["prepared"]) for entry in described["items"]]
        return {item.key: item for item in items}

    def __enter__(self) -> "DatasetFolder":  # noqa: PYI034 (beartype cannot read Self)
        """Return the folder itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove what is half-written; explain a full disk."""
        shutil.rmtree(self._assembly, ignore_errors=True)
        for path in self.work.glob("*.partial"):
            path.unlink(missing_ok=True)
        num_done = len(list(self.work.glob("*.json")))
        if self._finished or num_done == 0:
            shutil.rmtree(self.work.parent, ignore_errors=True)
            if not any(self.folder.iterdir()):
                self.folder.rmdir()
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            msg = (
                f"{self.folder}: no space left on the disk; free some or choose another --out "
                f"({num_done} finished recordings are kept there for the next run)"
            )
            raise SonoloopError(msg) from error

    def finish(
        self,
        items: Sequence[DatasetItem],
        dropped: Sequence[Dropped],
        catalog: Catalog,
        options: PrepareOptions,
    ) -> None:
        """Write all files aside and put them in place, ``prepare.json`` last.

        Args:
            items: What goes in, in order.
            dropped: What was left out.
            catalog: For layout and notes.
            options: As recorded in ``prepare.json``.
        """
        shutil.rmtree(self._assembly, ignore_errors=True)
        self._assembly.mkdir()
        self._write_store(items, options.size)
        write_split(
            self._assembly / "split.json",
            {item.source.item_id: item.side for item in items},
            ratios=parse_ratios(options.split),
            seed=options.seed,
        )
        described = {
            "format": PREPARE_FORMAT,
            "layout": catalog.layout,
            "options": options.model_dump(exclude={"workers", "manifest"}),
            "notes": catalog.notes,
            "dropped": [asdict(drop) for drop in dropped],
            "items": [
                {"item_id": item.source.item_id, "prepared": asdict(item.prepared)}
                for item in items
            ],
        }
        (self._assembly / "prepare.json").write_text(json.dumps(described, indent=1) + "\n")
        self._put_in_place()
        self._finished = True

    def _write_store(self, items: Sequence[DatasetItem], size: int) -> None:
        earlier = _EarlierFrames(self.folder)
        with StoreWriter(self._assembly / "store", size=size) as store:
            for item in items:
                key = item.prepared.key
                is_new = (self.work / f"{key}.json").is_file()
                frames, times_s = read_prepared(self.work, key) if is_new else earlier.read(key)
                source = item.source
                entry = Entry(source.item_id, source.label, item.group_id, item.prepared.kind)
                store.add(entry, frames, times_s)

    def _put_in_place(self) -> None:
        (self.folder / "prepare.json").unlink(missing_ok=True)
        shutil.rmtree(self.folder / "store", ignore_errors=True)
        names = sorted(path.name for path in self._assembly.iterdir())
        names.remove("prepare.json")
        for name in (*names, "prepare.json"):
            (self._assembly / name).replace(self.folder / name)


class _EarlierFrames:
    """Frames of the dataset that is being replaced, by key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store: Store | None = None
        self._numbers: dict[str, int] = {}

    def read(self, key: str) -> tuple[Frames, npt.NDArray[np.float64]]:
        if self._store is None:
            self._store = Store.open(self._folder / "store")
            described = json.loads((self._folder / "prepare.json").read_text())
            keys = [entry["prepared"]["key"] for entry in described["items"]]
            self._numbers = {key: number for number, key in enumerate(keys)}
        number = self._numbers[key]
        return self._store.frames(number), self._store.times_s(number)
