"""BUSV, breast ultrasound videos (Lin et al., MICCAI 2022): ``rawframes/{benign,malignant}/<id>/``.

There are no patient ids. The errata its authors published on 2023-03-25 are applied; ids are
found with and without the leading x.
"""

from pathlib import Path

from sonoloop.data.catalog import Catalog, CatalogItem, Dropped
from sonoloop.data.frame_folders import natural_key
from sonoloop.errors import UsageError

LABELS = ("benign", "malignant")

DUPLICATE = ("benign", "66ef02e7f1b9a0ef")
ORIGINAL = ("malignant", "3b88488853e8b7d1")
"""The duplicate is the same video as the original, under the wrong label."""

ONE_PATIENT = frozenset(
    {
        ("benign", "63c9ba1377f35bf6"),
        ("benign", "5a1c46ec6377e946"),
        ("malignant", "2390fbea047347b"),
        ("malignant", "7a39ab5d4970bf89"),
    }
)
"""Videos of one patient that share frames; all are malignant."""


def rawframes_folder(root: Path) -> Path | None:
    """Find the folder of the class folders of frame folders: ``root`` or ``root/rawframes``."""
    for folder in (root / "rawframes", root):
        labels = [folder / label for label in LABELS if (folder / label).is_dir()]
        if labels and (folder.name == "rawframes" or _holds_frame_folders(labels)):
            return folder
    return None


def _holds_frame_folders(labels: list[Path]) -> bool:
    return all(any(video.glob("000000.*")) for label in labels for video in label.iterdir())


def read_busv(root: Path) -> Catalog:
    """Catalogue the videos with the errata applied.

    Args:
        root: The folder that holds ``rawframes``, or that folder.

    Raises:
        UsageError: If there is no such folder.
    """
    folder = rawframes_folder(root)
    if folder is None:
        msg = f"{root}: not the BUSV layout, rawframes/benign/<id>/ and rawframes/malignant/<id>/"
        raise UsageError(msg)
    items, dropped, notes = [], [], []
    videos = [video for label in LABELS for video in (folder / label).glob("*") if video.is_dir()]
    for video in sorted(videos, key=lambda path: natural_key(path.relative_to(root).as_posix())):
        item_id = video.relative_to(root).as_posix()
        label, group_id = video.parent.name, f"file={item_id}"
        known_as = (label, video.name.removeprefix("x"))
        if known_as == DUPLICATE:
            reason = f"erratum: the same video as {'/x'.join(ORIGINAL)}"
            dropped.append(Dropped(item_id, reason))
            continue
        if known_as in ONE_PATIENT:
            group_id = "patient of the errata"
            if label != "malignant":
                notes.append(f"erratum: {item_id} is malignant")
                label = "malignant"
        items.append(CatalogItem(item_id, video, label, group_id))
    num_joined = sum(item.group_id == "patient of the errata" for item in items)
    if num_joined:
        notes.append(f"erratum: {num_joined} videos of one patient are one group")
    notes.append("BUSV has no patient ids: videos that share frames are joined by near-duplicates")
    return Catalog("busv", tuple(items), tuple(dropped), tuple(notes))
