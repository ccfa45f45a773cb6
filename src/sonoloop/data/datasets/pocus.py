"""POCUS, the lung ultrasound collection of Born et al. (2020), arXiv:2004.12084.

The patient column alone leaks: its source 18 gives every clip of one series of recordings an id
of its own. A series is the file name without label prefix and ``_vidN``, whatever the label.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sonoloop.data.catalog import Catalog
from sonoloop.data.grouping import merge_groups, pairs_of_equals
from sonoloop.data.manifest import Row, read_manifest, require_columns

COLUMNS = frozenset({"path", "label", "patient_id", "probe", "source_id"})

_LABEL_PREFIX = re.compile(r"^(cov|pneu|reg|vir_or_pneu|vir)[-_]+", re.IGNORECASE)
_VIDEO_NUMBER = re.compile(r"_vid\d+$", re.IGNORECASE)

SAME_RECORDINGS = {"prospective_file4": "prospective_file1"}
"""Series that continue another one under a different name."""


def is_pocus(rows: Sequence[Row]) -> bool:
    """Tell a POCUS manifest by its columns."""
    return set(rows[0]) >= COLUMNS


def series_name(file_name: str) -> str:
    """Name the series of recordings a file belongs to.

    Args:
        file_name: Name without folder, such as ``Pneu_northumbria_0409_set1_vid1.avi``.

    Returns:
        The series, such as ``northumbria_0409_set1``.
    """
    stem = _LABEL_PREFIX.sub("", Path(file_name).stem)
    stem = _VIDEO_NUMBER.sub("", stem).lower()
    return SAME_RECORDINGS.get(stem, stem)


def read_pocus(
    root: Path, manifest: Path, rows: Sequence[Row], *, label_column: str | None = None
) -> Catalog:
    """Catalogue POCUS with patients joined by their series.

    Args:
        root: The folder of ``manifest.csv``.
        manifest: The manifest.
        rows: Its rows.
        label_column: Column of the label; None means "label".

    Raises:
        UsageError: If the manifest lacks a column.
    """
    require_columns(rows, sorted(COLUMNS), manifest, "use the manifest of POCUS")
    catalog = read_manifest(root, manifest, layout="pocus", label_column=label_column)
    patients = [item.group_id for item in catalog.items]
    series = [series_name(item.path.name) for item in catalog.items]
    groups = merge_groups(patients, pairs_of_equals(series))
    items = tuple(
        replace(item, group_id=group) for item, group in zip(catalog.items, groups, strict=True)
    )
    note = (
        f"{len(set(patients))} patient ids joined to {len(set(groups))} groups "
        "by the series their files belong to"
    )
    return replace(catalog, items=items, notes=(*catalog.notes, note))
