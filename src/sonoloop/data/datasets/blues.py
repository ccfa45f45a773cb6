"""COVID-BLUES, lung videos by blue point (Wiedemann et al. 2025): one manifest, 51 patients."""

from collections.abc import Sequence
from pathlib import Path

from sonoloop.data.catalog import Catalog
from sonoloop.data.manifest import Row, read_manifest, require_columns

COLUMNS = frozenset({"path", "patient_id", "bluepoint", "first_valid_frame"})

DEFAULT_LABEL = "b_lines"
"""The label that lives in the motion; ``severity``, ``a_lines`` and ``covid_pcr`` are others."""


def is_blues(rows: Sequence[Row]) -> bool:
    """Tell a BLUES manifest by its columns."""
    return set(rows[0]) >= COLUMNS


def read_blues(
    root: Path, manifest: Path, rows: Sequence[Row], *, label_column: str | None = None
) -> Catalog:
    """Catalogue BLUES; black frames before ``first_valid_frame`` are left out when it is read.

    Args:
        root: The folder of ``manifest.csv``.
        manifest: The manifest.
        rows: Its rows.
        label_column: Column of the label; None means "b_lines".

    Raises:
        UsageError: If the manifest lacks a column.
    """
    require_columns(rows, sorted(COLUMNS), manifest, "use the manifest of COVID-BLUES")
    label_column = label_column or DEFAULT_LABEL
    return read_manifest(root, manifest, layout="blues", label_column=label_column)
