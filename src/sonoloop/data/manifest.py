"""A table of recordings, CSV or Parquet: one row per file, with its label and patient."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from sonoloop.data.catalog import Catalog, CatalogItem, Dropped
from sonoloop.data.frame_folders import natural_key
from sonoloop.data.limited_reading import WHOLE_FILE_LIMITS
from sonoloop.errors import UsageError
from sonoloop.limited_process import LimitedProcess
from sonoloop.parquet_files import read_parquet

Row = Mapping[str, str]

SEPARATORS = (",", ";", "\t")
"""Between the columns of a CSV file: the one that its header has most of."""

NO_LABELS = "none"
"""What --label-column takes for a data set without labels."""

GROUP_COLUMNS = ("group_id", "patient_id")
"""The first of these that a manifest has says what must not be split."""


def read_rows(path: Path) -> list[Row]:
    """Read all rows of a manifest as text.

    Args:
        path: A .csv or .parquet file with a header.

    Raises:
        UsageError: If it is missing, of another type, damaged or empty.
        UnreadableFileError: If reading it crashed or took too much.
    """
    if not path.is_file():
        msg = f"{path}: no such manifest; give a CSV or Parquet file with --manifest"
        raise UsageError(msg)
    suffix = path.suffix.lower()
    try:
        if suffix == ".csv":
            rows = _read_csv(path)
        elif suffix in {".parquet", ".pq"}:
            with LimitedProcess() as process:
                rows = process.call(_read_parquet, path, path=path, limits=WHOLE_FILE_LIMITS)
        else:
            msg = f"{path}: a manifest is a .csv or .parquet file, got {suffix!r}"
            raise UsageError(msg)
    except UnicodeDecodeError as error:
        msg = f"{path}: is no text in UTF-8 ({error.reason} at byte {error.start}); save it as that"
        raise UsageError(msg) from error
    except (csv.Error, OSError) as error:
        msg = f"{path}: cannot be read as a {suffix[1:]} table ({error}); save it again"
        raise UsageError(msg) from error
    if not rows:
        msg = f"{path}: has no rows; list one recording per row under a header"
        raise UsageError(msg)
    return rows


def _read_csv(path: Path) -> list[Row]:
    """Read a table whose header tells how spreadsheets of this country separate columns."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        header = file.readline()
        separator = max(SEPARATORS, key=header.count)
        file.seek(0)
        reader = csv.DictReader(file, restkey="", restval="", delimiter=separator)
        return [{key: str(value).strip() for key, value in row.items() if key} for row in reader]


def _read_parquet(path: Path) -> list[Row]:
    import polars  # noqa: ICN001, PLC0415 (slow to import, and only this format needs it)

    try:
        table = read_parquet(path)
    except polars.exceptions.PolarsError as error:
        raise OSError(str(error)) from error
    return [
        {key: "" if value is None else str(value) for key, value in row.items()}
        for row in table.iter_rows(named=True)
    ]


def require_columns(rows: Sequence[Row], wanted: Sequence[str], path: Path, remedy: str) -> None:
    """Refuse a manifest that lacks a column.

    Args:
        rows: Rows of the manifest.
        wanted: Columns needed.
        path: The manifest, for the message.
        remedy: What to do about it.

    Raises:
        UsageError: Naming the missing columns and those it has.
    """
    missing = [column for column in wanted if column not in rows[0]]
    if missing:
        msg = f"{path}: no column {', '.join(missing)} (it has {', '.join(rows[0])}); {remedy}"
        raise UsageError(msg)


def read_manifest(
    root: Path, path: Path, *, layout: str = "manifest", label_column: str | None = None
) -> Catalog:
    """Catalogue the recordings a manifest lists.

    Columns: ``path`` (below ``root``), a label column, ``group_id`` or ``patient_id`` (without
    them every file is its own group), ``first_valid_frame``; others are kept in the index.

    Args:
        root: Folder the paths are relative to.
        path: The manifest.
        layout: Name for the catalogue.
        label_column: Column of the label; None means "label", "none" means no labels.

    Raises:
        UsageError: If a column is missing or two rows name one file.
    """
    rows = read_rows(path)
    label_column = label_column or "label"
    require_columns(rows, ["path"], path, "name the column of the files so")
    if label_column != NO_LABELS:
        remedy = "name the label's column with --label-column (none for no labels)"
        require_columns(rows, [label_column], path, remedy)
    group_column = next((name for name in GROUP_COLUMNS if name in rows[0]), None)
    notes = []
    if group_column is None:
        notes.append(
            f"{path.name} has no patient_id: every file is a group of its own, and only "
            "near-duplicates are kept from lying on two sides of the split"
        )
    items: dict[str, CatalogItem] = {}
    dropped = []
    for line, row in enumerate(rows, start=2):
        relative = row["path"]
        if not relative:
            dropped.append(Dropped(f"{path.name} line {line}", "has no path", is_failure=True))
            continue
        recording = root / relative
        if ".." in recording.parts[len(root.parts) :] or not recording.is_relative_to(root):
            reason = f"its path lies outside {root.name}; give paths below the input folder"
            dropped.append(Dropped(recording.name, reason, is_failure=True))
            continue
        item_id = PurePosixPath(recording.relative_to(root)).as_posix()
        if item_id in items:
            msg = f"{path}: line {line} lists {item_id} again; list every recording once"
            raise UsageError(msg)
        if not recording.exists():
            reason = f"listed in {path.name} line {line}, but there is no such file"
            dropped.append(Dropped(item_id, reason, is_failure=True))
            continue
        first_frame = row.get("first_valid_frame") or "0"
        if not first_frame.isdecimal():
            msg = f"{path}: line {line} has first_valid_frame {first_frame!r}; give 0 or more"
            raise UsageError(msg)
        group = row[group_column] if group_column else ""
        items[item_id] = CatalogItem(
            item_id=item_id,
            path=recording,
            label=row.get(label_column) or None,
            group_id=f"{group_column}={group}" if group else f"file={item_id}",
            first_frame=int(first_frame),
            columns={key: value for key, value in row.items() if key != "path"},
        )
    ordered = sorted(items.values(), key=lambda item: natural_key(item.item_id))
    return Catalog(layout, tuple(ordered), tuple(dropped), tuple(notes))
