"""Class folders: ``root/class/file`` or ``root/class/patient/file``, videos and stills alike."""

from collections.abc import Callable
from pathlib import Path

from sonoloop.data.catalog import Catalog, CatalogItem
from sonoloop.data.frame_folders import natural_key


def read_class_folders(root: Path, find_recordings: Callable[[Path], list[Path]]) -> Catalog:
    """Catalogue a folder whose first level names the classes.

    A second level of folders names patients; files directly below ``root`` have no label.

    Args:
        root: The folder.
        find_recordings: Lists the readable media below a folder.
    """
    items = []
    for path in find_recordings(root):
        parts = path.relative_to(root).parts
        item_id = "/".join(parts)
        *folders, _ = parts
        items.append(
            CatalogItem(
                item_id=item_id,
                path=path,
                label=folders[0] if folders else None,
                group_id=f"folder={'/'.join(folders[1:])}" if folders[1:] else f"file={item_id}",
            )
        )
    notes = []
    if items and not any(item.group_id.startswith("folder=") for item in items):
        notes.append(
            "no patient folders (class/patient/file): every file is a group of its own, and only "
            "near-duplicates are kept from lying on two sides of the split"
        )
    ambiguous = [item.item_id for item in items if item.label is None and item.path.is_dir()]
    if ambiguous:
        notes.append(
            f"{len(ambiguous)} folders of numbered pictures right below the input, such as "
            f"{ambiguous[0]}, are read as videos without label; for stills give a manifest"
        )
    return Catalog(
        "generic",
        tuple(sorted(items, key=lambda item: natural_key(item.item_id))),
        notes=tuple(notes),
    )
