"""BUSI, breast ultrasound stills (Al-Dhabyani et al. 2020): ``class/class (n).png`` and masks.

There are no patient ids. Lesions that were photographed several times are found by their
near-duplicates.
"""

import re
from pathlib import Path

from sonoloop.data.catalog import Catalog, CatalogItem, Dropped
from sonoloop.data.frame_folders import natural_key
from sonoloop.errors import UsageError

LABELS = ("benign", "malignant", "normal")

CONTRADICTING = {
    "malignant (145)": "benign (433)",
    "benign (433)": "malignant (145)",
}
"""The same picture under two labels: neither can be trusted."""

_STILL = re.compile(r"(benign|malignant|normal) \(\d+\)")
_MASK = re.compile(r"(?P<still>.+)_mask(_\d+)?")


def is_busi(root: Path) -> bool:
    """Tell the layout by its class folders and file names."""
    folders = [root / label for label in LABELS if (root / label).is_dir()]
    return bool(folders) and all(
        any(_STILL.fullmatch(path.stem) for path in folder.glob("*.png")) for folder in folders
    )


def read_busi(root: Path) -> Catalog:
    """Catalogue the stills, set masks aside and drop the pair whose labels contradict.

    Args:
        root: The folder of the class folders.

    Raises:
        UsageError: If the folder has no such stills.
    """
    if not is_busi(root):
        msg = f"{root}: not the BUSI layout, benign/benign (1).png and so on; try --layout generic"
        raise UsageError(msg)
    items, dropped, num_masks = [], [], 0
    paths = [path for label in LABELS for path in (root / label).glob("*.png")]
    for path in sorted(paths, key=lambda path: natural_key(path.relative_to(root).as_posix())):
        item_id = path.relative_to(root).as_posix()
        if _MASK.fullmatch(path.stem):
            num_masks += 1
        elif path.stem in CONTRADICTING:
            twin = CONTRADICTING[path.stem]
            reason = f"is the same picture as {twin}: their labels contradict, both are dropped"
            dropped.append(Dropped(item_id, reason))
        else:
            items.append(CatalogItem(item_id, path, path.parent.name, f"file={item_id}"))
    notes = (
        f"{num_masks} masks recognised and set aside",
        "BUSI has no patient ids: a still is a group of its own, joined with near-duplicates",
    )
    return Catalog("busi", tuple(items), tuple(dropped), notes)
