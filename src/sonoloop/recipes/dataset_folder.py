"""The dataset folder: built aside, then put in place in one go.

::

    index.parquet   one row per item: label, group, side, sizes, rates, manifest columns
    split.json      the side of every item
    store/          the frames
    prepare.json    options, what was dropped and why, what re-running needs; comes last
    quality.html    the same for the eye
    SHA256SUMS      checksums of these files and of the store's index, which has those of the frames
    .partial/       finished items while a run is under way or was interrupted
"""

import errno
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from sonoloop import __version__
from sonoloop.atomic_files import refuse_lost
from sonoloop.checksums import SUMS_FILE, damaged_files, write_sums
from sonoloop.data.catalog import Catalog, Dropped
from sonoloop.data.clip_sampling import clip_span_s
from sonoloop.data.config import ClipConfig
from sonoloop.data.dataset_item import DatasetItem, DuplicatePair
from sonoloop.data.index_table import write_index
from sonoloop.data.item_preparation import PreparedItem, read_prepared
from sonoloop.data.prepare_options import PrepareOptions
from sonoloop.data.quality_page import QualityReport, quality_page
from sonoloop.data.recording import Frames
from sonoloop.data.splits import parse_ratios, write_split
from sonoloop.data.store import Entry, Store, StoreWriter
from sonoloop.errors import SonoloopError, UsageError
from sonoloop.folder_claim import CLAIM_FILE

PREPARE_FORMAT = 1
_FILES = ("store", "index.parquet", "split.json", "quality.html", SUMS_FILE, "prepare.json")
_CHECKED = ("store/store.json", "index.parquet", "split.json", "quality.html", "prepare.json")


@dataclass(frozen=True)
class Decisions:
    """All that is written, besides the frames.

    Args:
        catalog: For layout and notes.
        items: What goes in, in order.
        dropped: What was left out.
        duplicates: Near-duplicates across groups or labels.
        options: As given.
    """

    catalog: Catalog
    items: Sequence[DatasetItem]
    dropped: Sequence[Dropped]
    duplicates: Sequence[DuplicatePair]
    options: PrepareOptions


class DatasetFolder:
    """Writes a dataset aside, so that an error leaves the folder as it was.

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
        """Look at the folder; nothing is written yet.

        Args:
            folder: The dataset folder.
            inputs: What will be read, so that it is not written over.

        Raises:
            UsageError: If the folder is an input or holds something else.
        """
        if any(folder.resolve() == path.resolve() for path in inputs):
            msg = f"{folder}: is the input; choose another --out"
            raise UsageError(msg)
        dataset = cls(folder)
        names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        if names - {CLAIM_FILE} and not dataset._is_ours():
            msg = f"{folder}: holds other files than a dataset; choose another --out"
            raise UsageError(msg)
        return dataset

    def _is_ours(self) -> bool:
        return (self.folder / "prepare.json").is_file() or (self.folder / ".partial").is_dir()

    def earlier_items(self) -> dict[str, PreparedItem]:
        """Read the items of the dataset that is there, by id; none if it is damaged."""
        try:
            return {
                entry["item_id"]: PreparedItem.from_json(entry["prepared"])
                for entry in self._read_described().get("items", [])
            }
        except (TypeError, KeyError, AttributeError):
            return {}

    def _read_described(self) -> dict[str, Any]:
        """Read what ``prepare.json`` says of a dataset whose files are there, else nothing."""
        try:
            described: dict[str, Any] = json.loads((self.folder / "prepare.json").read_text())
            Store.open(self.folder / "store")
        except (OSError, ValueError, SonoloopError):
            return {}
        is_whole = not damaged_files(self.folder) and all(
            (self.folder / name).is_file() for name in _CHECKED
        )
        return described if is_whole and described.get("format") == PREPARE_FORMAT else {}

    def finished_keys(self) -> set[str]:
        """List the keys of the items that are finished but in no dataset yet."""
        return {path.stem for path in self.work.glob("*.json")}

    def __enter__(self) -> "DatasetFolder":  # noqa: PYI034 (beartype cannot read Self)
        """Create the work folder."""
        self.work.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove what is half-written; explain a full disk."""
        shutil.rmtree(self._assembly, ignore_errors=True)
        for path in self.work.glob(".*.part"):
            path.unlink(missing_ok=True)
        num_done = len(self.finished_keys())
        if self._finished or num_done == 0:
            shutil.rmtree(self.work.parent, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            msg = (
                f"{self.folder}: no space left on the disk; free some or choose another --out "
                f"({num_done} finished recordings are kept there for the next run)"
            )
            raise SonoloopError(msg) from error

    def finish(self, decisions: Decisions) -> None:
        """Write all files aside and put them in place, ``prepare.json`` last.

        Args:
            decisions: What to write.
        """
        described = _described(decisions)
        if described == self._read_described():
            self._finished = True  # everything is there already: leave the files alone
            return
        refuse_lost(self.folder)
        items, options, assembly = decisions.items, decisions.options, self._assembly
        shutil.rmtree(assembly, ignore_errors=True)
        assembly.mkdir()
        spans_s = self._write_store(items, options.clip_config())
        write_index(assembly / "index.parquet", items, spans_s)
        sides = {item.source.item_id: item.side for item in items}
        ratios = parse_ratios(options.split)
        write_split(assembly / "split.json", sides, ratios=ratios, seed=options.seed)
        store = Store.open(assembly / "store")
        page = quality_page(
            QualityReport(
                catalog=decisions.catalog,
                items=items,
                dropped=decisions.dropped,
                duplicates=decisions.duplicates,
                spans_s=spans_s,
                config=options.clip_config(),
                first_frame=lambda number: store.frames(number)[0],
            )
        )
        (assembly / "quality.html").write_text(page, encoding="utf-8")
        (assembly / "prepare.json").write_text(json.dumps(described, indent=1) + "\n")
        write_sums(assembly, _CHECKED)
        self._put_in_place()
        self._finished = True

    def _write_store(self, items: Sequence[DatasetItem], config: ClipConfig) -> list[float]:
        """Write the frames and tell how many seconds a clip of each item stands for."""
        earlier = _EarlierFrames(self.folder)
        spans_s = []
        with StoreWriter(self._assembly / "store", size=config.size) as store:
            for item in items:
                key, source = item.prepared.key, item.source
                is_new = (self.work / f"{key}.json").is_file()
                frames, times_s = read_prepared(self.work, key) if is_new else earlier.read(key)
                entry = Entry(source.item_id, source.label, item.group_id, item.prepared.kind)
                store.add(entry, frames, times_s)
                is_video = item.prepared.kind == "video"
                spans_s.append(clip_span_s(times_s, config) if is_video else 0.0)
        return spans_s

    def _put_in_place(self) -> None:
        """Move the old files aside and the new ones in; without prepare.json nothing is valid."""
        replaced = self._assembly.with_name("replaced")
        shutil.rmtree(replaced, ignore_errors=True)
        replaced.mkdir()
        for name in reversed(_FILES):
            if (self.folder / name).exists():
                (self.folder / name).replace(replaced / name)
        for name in _FILES:
            (self._assembly / name).replace(self.folder / name)


def _described(decisions: Decisions) -> dict[str, Any]:
    """Compose ``prepare.json``: equal for two runs that would write the same dataset."""
    described = {
        "format": PREPARE_FORMAT,
        "sonoloop": __version__,
        "layout": decisions.catalog.layout,
        "options": decisions.options.model_dump(exclude={"workers", "manifest"}),
        "notes": decisions.catalog.notes,
        "dropped": [asdict(drop) for drop in decisions.dropped],
        "near_duplicates": [pair._asdict() for pair in decisions.duplicates],
        "items": [
            {
                "item_id": item.source.item_id,
                "label": item.source.label,
                "group_id": item.group_id,
                "split": item.side,
                "columns": dict(item.source.columns),
                "prepared": asdict(item.prepared),
            }
            for item in decisions.items
        ],
    }
    as_read: dict[str, Any] = json.loads(json.dumps(described))
    return as_read


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
