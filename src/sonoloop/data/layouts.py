"""Which layout a folder has, and its catalogue."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from sonoloop.data.catalog import Catalog, CatalogItem, Dropped
from sonoloop.data.datasets.blues import is_blues, read_blues
from sonoloop.data.datasets.busi import is_busi, read_busi
from sonoloop.data.datasets.busv import rawframes_folder, read_busv
from sonoloop.data.datasets.generic import read_class_folders
from sonoloop.data.datasets.pocus import is_pocus, read_pocus
from sonoloop.data.limited_reading import find_recordings, is_video
from sonoloop.data.links import leads_out, why_not_followed
from sonoloop.data.manifest import read_manifest, read_rows
from sonoloop.data.prepare_options import Layout
from sonoloop.errors import UsageError
from sonoloop.limited_process import LimitedProcess

MANIFEST_NAMES = ("manifest.csv", "manifest.parquet")
MANIFEST_SUFFIXES = frozenset({".csv", ".parquet", ".pq"})


def read_catalog(
    inputs: Sequence[Path],
    *,
    layout: Layout = "auto",
    manifest: Path | None = None,
    label_column: str | None = None,
) -> Catalog:
    """Catalogue all inputs as one.

    Args:
        inputs: Folders, manifests or single files. With several, ids and groups carry the name
            of their input.
        layout: Layout of every input; "auto" looks at each.
        manifest: Manifest of the only input; None takes ``manifest.csv`` or
            ``manifest.parquet`` inside it, where there is one.
        label_column: Column of the label in manifests.

    Raises:
        UsageError: If an input is missing or does not fit the layout.
    """
    if manifest is not None and len(inputs) > 1:
        msg = f"--manifest {manifest} describes one input, {len(inputs)} were given; give one"
        raise UsageError(msg)
    with LimitedProcess() as process:
        catalogs = [_read_one(path, layout, manifest, label_column, process) for path in inputs]
    if len(catalogs) == 1:
        return catalogs[0]
    names = [path.resolve().name for path in inputs]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        msg = f"several inputs are named {repeated[0]}; rename one or prepare them apart"
        raise UsageError(msg)
    return Catalog(
        layout=" + ".join(catalog.layout for catalog in catalogs),
        items=tuple(
            _prefixed(item, name)
            for name, catalog in zip(names, catalogs, strict=True)
            for item in catalog.items
        ),
        dropped=tuple(
            replace(dropped, item_id=f"{name}/{dropped.item_id}")
            for name, catalog in zip(names, catalogs, strict=True)
            for dropped in catalog.dropped
        ),
        notes=tuple(
            f"{name}: {note}"
            for name, catalog in zip(names, catalogs, strict=True)
            for note in catalog.notes
        ),
    )


def _prefixed(item: CatalogItem, name: str) -> CatalogItem:
    return replace(item, item_id=f"{name}/{item.item_id}", group_id=f"{name}/{item.group_id}")


def _read_one(
    path: Path,
    layout: Layout,
    manifest: Path | None,
    label_column: str | None,
    process: LimitedProcess,
) -> Catalog:
    if not path.exists():
        msg = f"{path}: no such file or folder; give a folder, a manifest or a recording"
        raise UsageError(msg)
    if path.is_file() or is_video(process, path):
        if path.suffix.lower() not in MANIFEST_SUFFIXES:
            item = CatalogItem(path.name, path, None, f"file={path.name}")
            return Catalog("generic", (item,))
        path, manifest = path.parent, path
    return _without_links_out(_read_folder(path, layout, manifest, label_column, process), path)


def _without_links_out(catalog: Catalog, root: Path) -> Catalog:
    """Drop what a link leads out of the input: whoever made that may not mean well."""
    outside = [item for item in catalog.items if leads_out(item.path, root)]
    ids = {item.item_id for item in outside}
    reason = why_not_followed(root)
    return replace(
        catalog,
        items=tuple(item for item in catalog.items if item.item_id not in ids),
        dropped=(
            *catalog.dropped,
            *(Dropped(item.item_id, reason, is_failure=True) for item in outside),
        ),
    )


def _read_folder(
    path: Path,
    layout: Layout,
    manifest: Path | None,
    label_column: str | None,
    process: LimitedProcess,
) -> Catalog:
    if layout == "busi" or (layout == "auto" and manifest is None and is_busi(path)):
        return read_busi(path)
    if layout == "busv" or (layout == "auto" and manifest is None and rawframes_folder(path)):
        return read_busv(path)
    if manifest is None:
        manifest = next((path / name for name in MANIFEST_NAMES if (path / name).is_file()), None)
    if manifest is not None:
        return _read_listed(path, layout, manifest, label_column)
    if layout in {"blues", "pocus"}:
        msg = f"{path}: no {' or '.join(MANIFEST_NAMES)}, which {layout} needs; give --manifest"
        raise UsageError(msg)
    if label_column is not None:
        msg = f"{path}: --label-column {label_column} needs a manifest, and there is none"
        raise UsageError(msg)
    return read_class_folders(path, partial(find_recordings, process=process))


def _read_listed(path: Path, layout: Layout, manifest: Path, label_column: str | None) -> Catalog:
    rows = read_rows(manifest)
    if layout == "pocus" or (layout == "auto" and is_pocus(rows)):
        return read_pocus(path, manifest, rows, label_column=label_column)
    if layout == "blues" or (layout == "auto" and is_blues(rows)):
        return read_blues(path, manifest, rows, label_column=label_column)
    return read_manifest(path, manifest, label_column=label_column)
