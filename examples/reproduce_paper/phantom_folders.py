"""Phantoms in the layouts of BUSV and BUSI, to try the line without data."""

import shutil
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from sonoloop.data.phantom import Kind, phantom_clip
from sonoloop.data.recording import Frames

KINDS: Final[dict[str, Kind]] = {"benign": "cyst", "malignant": "solid"}
SIZE: Final = 64
NUM_FRAMES: Final = 24


def write_phantom_folders(folder: Path, *, count: int = 24) -> None:
    """Write ``busv`` and ``busi``, all of both or nothing.

    Args:
        folder: Where they go; one that is there is complete.
        count: Videos, and as many stills, of both classes alike.
    """
    if folder.is_dir():
        return
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for number in range(count):
        label = list(KINDS)[number % 2]
        video = unfinished / "busv" / "rawframes" / label / f"x{number:016x}"
        for frame, picture in enumerate(_clip(label, [0, number], NUM_FRAMES)):
            _write(video / f"{frame:06d}.png", picture)
        still = unfinished / "busi" / label / f"{label} ({number // 2 + 1}).png"
        _write(still, _clip(label, [1, number], 1)[0])
        _write(still.with_stem(f"{still.stem}_mask"), np.zeros((SIZE, SIZE), np.uint8))
    unfinished.rename(folder)


def _clip(label: str, seed: list[int], num_frames: int) -> Frames:
    rng = np.random.default_rng(seed)
    return phantom_clip(rng, size=SIZE, num_frames=num_frames, kind=KINDS[label])


def _write(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)
