"""Clips of any generator in a study: a folder of them and a table that says what each shows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from sonoloop.data.config import ClipConfig
from sonoloop.data.manifest import read_rows
from sonoloop.errors import UsageError
from sonoloop.evaluation.clip_sets import clip_stem, folder_clips
from sonoloop.recipes.labelled_dataset import shrink
from sonoloop.recipes.study.data import Stills
from sonoloop.recipes.study.division import Division
from sonoloop.recipes.study.options import EXTRA
from sonoloop.recipes.study.synthesis import Request, Synthetic

MANIFEST: Final = "manifest.csv"
FILE_COLUMNS: Final = ("file", "npy", "mp4", "gif")
ITEM_COLUMNS: Final = ("item", "source", "still")


def parse_source(word: str) -> tuple[str, Path]:
    """Read ``NAME=DIR``.

    Args:
        word: As given.

    Raises:
        UsageError: If it is no such thing, or the name is that of an arm.
    """
    name, equals, folder = word.partition("=")
    if not (name and equals and folder):
        msg = f"--source {word}: write NAME=DIR, such as ours=clips"
        raise UsageError(msg)
    if name in EXTRA or "," in name or "/" in name:
        msg = f"--source {word}: {name} cannot be the name of a source, arms are called so"
        raise UsageError(msg)
    return name, Path(folder)


def read_source(
    name: str, folder: Path, pool: Stills, class_of: Mapping[str, int], clip: ClipConfig
) -> Synthetic:
    """Read the clips of a generator from elsewhere.

    The table ``manifest.csv`` has a row per clip: its file (``file``, or as ``sonoloop
    synthesize`` writes it ``npy``, ``mp4`` or ``gif``), the still it was made of (``item``, or the
    path ``source`` or ``still`` of a picture that ``sonoloop data export`` wrote) and, if it was
    made for a class, ``label``; else it has the class of its still.

    Args:
        name: Of the source.
        folder: Clips and table.
        pool: All stills.
        class_of: Class number by name.
        clip: What a clip is.

    Raises:
        UsageError: If the table is missing, a clip cannot be used or a still is unknown.
    """
    path = folder / MANIFEST
    if not path.is_file():
        msg = f"--source {name}: {path} is missing; write a row per clip with file, item, label"
        raise UsageError(msg)
    rows = read_rows(path)
    by_name = {Path(one.name).as_posix(): one for one in folder_clips(folder, at_least=1).sources}
    by_stem = {clip_stem(item): item for item in pool.item_ids}
    clips, requests = [], []
    for number, row in enumerate(rows, 2):
        file_name = next((row[key] for key in FILE_COLUMNS if row.get(key)), "")
        origin = next((row[key] for key in ITEM_COLUMNS if row.get(key)), "")
        item = origin if origin in pool.item_ids else by_stem.get(Path(origin).stem)
        if file_name not in by_name or item is None:
            what = f"file {file_name!r}" if file_name not in by_name else f"still {origin!r}"
            msg = f"{path}, line {number}: there is no {what} in the study"
            raise UsageError(msg)
        label = row.get("label") or ""
        if label and label not in class_of:
            msg = f"{path}, line {number}: {label!r} is none of {', '.join(class_of)}"
            raise UsageError(msg)
        frames = by_name[file_name].read()
        if len(frames) < clip.num_frames:
            msg = f"{path}, line {number}: {len(frames)} frames, {clip.num_frames} are needed"
            raise UsageError(msg)
        seen = shrink(frames[: clip.num_frames], clip.size)
        if seen.shape[1] < clip.size:
            msg = f"{path}, line {number}: smaller than the dataset's {clip.size} pixels"
            raise UsageError(msg)
        clips.append(seen)
        place = int(pool.places([item])[0])
        requests.append(Request(item, class_of.get(label, int(pool.labels[place])), number))
    return Synthetic(np.stack(clips), requests)


def of_division(made: Synthetic, division: Division) -> Synthetic:
    """Take the clips whose stills a fold may use.

    Args:
        made: All clips of a source.
        division: Of the fold.

    Raises:
        UsageError: If there is none.
    """
    allowed = set(division.stills)
    places = [number for number, one in enumerate(made.requests) if one.item in allowed]
    if not places:
        msg = f"no clip of a source is of a still that fold {division.fold} may use"
        raise UsageError(msg)
    return Synthetic(made.clips[places], [made.requests[number] for number in places])
