"""What a layout's reader finds: the items, what was dropped and why, and what was noticed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class CatalogItem:
    """One recording to prepare.

    Args:
        item_id: Path below the input folder, with forward slashes; unique in its catalog.
        path: The file or frame folder.
        label: Its class, where the layout has one.
        group_id: Patient or series; items of one group stay on one side of a split.
        first_frame: Number of the first usable frame.
        columns: Further columns of its manifest row.
    """

    item_id: str
    path: Path
    label: str | None
    group_id: str
    first_frame: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dropped:
    """One recording that is left out.

    Args:
        item_id: Path below the input folder.
        reason: One sentence.
        is_failure: Whether it should have been readable, so that the exit status says so.
    """

    item_id: str
    reason: str
    is_failure: bool = False


@dataclass(frozen=True)
class Catalog:
    """All a reader found.

    Args:
        layout: Name of the layout.
        items: In natural order of their ids.
        dropped: What is left out before any file is read.
        notes: Sentences for the quality page (errata applied and the like).
    """

    layout: str
    items: tuple[CatalogItem, ...]
    dropped: tuple[Dropped, ...] = ()
    notes: tuple[str, ...] = ()
