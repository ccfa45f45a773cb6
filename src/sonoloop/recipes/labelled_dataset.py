"""Clips with classes out of a prepared dataset: a column of its index, a few windows per video."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from sonoloop.checksums import SUMS_FILE, damaged_files
from sonoloop.classification.labelled_clips import LabelledClips
from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.data.letterbox import Letterbox
from sonoloop.data.recording import Frames
from sonoloop.data.splits import SplitName
from sonoloop.data.store import Store
from sonoloop.errors import UsageError
from sonoloop.parquet_files import read_parquet

INDEX_FILE: Final = "index.parquet"

MAX_CLASSES: Final = 20
"""More different values than this in a column are no classes but names or numbers."""


@dataclass(frozen=True)
class Labels:
    """The class of each item of a dataset.

    Args:
        classes: Names of the classes in the order of their numbers.
        class_of: Class by value of the column.
        numbers: Class number by item id; items without one are left out.
        others: How often each value without a class occurs, "" for an empty field.
    """

    classes: tuple[str, ...]
    class_of: Mapping[str, str]
    numbers: Mapping[str, int]
    others: Mapping[str, int]


class LabelledVideos(NamedTuple):
    """Clips, and which video each was cut from.

    Args:
        clips: Several windows of each video.
        item_ids: Ids of the videos by their numbers in ``clips.videos``.
    """

    clips: LabelledClips
    item_ids: tuple[str, ...]


def parse_classes(words: Sequence[str]) -> dict[str, str]:
    """Read ``benign=0 malignant=1,2`` as the class of each value.

    Args:
        words: One per class, in the order of the class numbers.

    Returns:
        Name of the class by value.

    Raises:
        UsageError: If a word has no "=", or a class or a value comes twice.
    """
    class_of: dict[str, str] = {}
    for word in words:
        name, equals, values = word.partition("=")
        if not (name and equals and values):
            msg = f"--classes {word}: write name=value,value, such as malignant=1,2"
            raise UsageError(msg)
        if name in class_of.values():
            msg = f"--classes: {name} comes twice; give all its values at once"
            raise UsageError(msg)
        for value in values.split(","):
            if value in class_of:
                msg = f"--classes: the value {value} is in {class_of[value]} and in {name}"
                raise UsageError(msg)
            class_of[value] = name
    return class_of


def read_labels(dataset: Path, column: str, class_of: Mapping[str, str]) -> Labels:
    """Read the classes of a dataset's videos from a column of its index.

    Args:
        dataset: Folder written by ``sonoloop data prepare``.
        column: Such as ``label`` or the manifest's ``b_lines`` (``manifest_b_lines`` as well).
        class_of: Class by value; empty where every value is a class, in alphabetical order.

    Returns:
        The classes.

    Raises:
        UsageError: If there are no videos or no such column, or it holds fewer than two classes.
    """
    values = column_values(dataset, column)
    if not values:
        msg = f"{dataset}: it holds no videos; see quality.html there for what it holds"
        raise UsageError(msg)
    counts = Counter(values.values())
    named = dict(class_of) or {value: value for value in sorted(counts) if value}
    classes = tuple(dict.fromkeys(named.values()))
    found = ", ".join(f"{value or 'empty'} ({count})" for value, count in counts.most_common(8))
    unknown = [value for value in class_of if value not in counts]
    if unknown:
        msg = f"{dataset}: no video has {column} = {unknown[0]}; there are {found}"
        raise UsageError(msg)
    if len(classes) < 2:  # noqa: PLR2004 (there is nothing to tell apart)
        msg = f"{dataset}: {column} holds one class only ({found}): choose another --label"
        raise UsageError(msg)
    if len(classes) > MAX_CLASSES:
        msg = (
            f"{dataset}: {column} holds {len(classes)} values, such as {found}: choose another "
            "--label, or join values into classes with --classes"
        )
        raise UsageError(msg)
    return Labels(
        classes,
        named,
        {item: classes.index(named[value]) for item, value in values.items() if value in named},
        {value: count for value, count in counts.items() if value not in named},
    )


def column_values(dataset: Path, column: str) -> dict[str, str]:
    """Read one value per video.

    Args:
        dataset: Folder written by ``sonoloop data prepare``.
        column: Name in its index, with or without ``manifest_``.

    Returns:
        Value by item id, empty where there is none.

    Raises:
        UsageError: If there is no such column.
    """
    store, table = Store.open(dataset / "store"), read_index(dataset)
    name = next((name for name in (column, f"manifest_{column}") if name in table.columns), None)
    if name is None:
        names = ", ".join(name.removeprefix("manifest_") for name in table.columns)
        msg = f"--label {column}: {dataset / INDEX_FILE} has no such column; there are {names}"
        raise UsageError(msg)
    values = dict(zip(table["item_id"].to_list(), table[name].to_list(), strict=True))
    return {
        item.item_id: _word(values.get(item.item_id))
        for item in store.items
        if item.kind == "video"
    }


def read_index(dataset: Path) -> pl.DataFrame:
    """Read the table of a dataset's items, which names their classes and patients.

    Args:
        dataset: Folder written by ``sonoloop data prepare``.

    Raises:
        UsageError: If it is missing or damaged.
    """
    path = dataset / INDEX_FILE
    if not path.is_file():
        msg = f"{path}: missing; run 'sonoloop data prepare' again"
        raise UsageError(msg)
    if damaged_files(dataset, [INDEX_FILE]):
        msg = f"{path}: differs from its checksum in {SUMS_FILE}; run 'sonoloop data prepare' again"
        raise UsageError(msg)
    try:
        return read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        msg = f"{path}: not a readable index ({error}); run 'sonoloop data prepare' again"
        raise UsageError(msg) from error


def _word(value: object) -> str:
    """Write whole floats without a point: a manifest with gaps has 1.0 for 1."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()


def labelled_videos(
    dataset: Path,
    split: SplitName | None,
    labels: Labels,
    *,
    clip: ClipConfig,
    size: int,
    windows: int,
) -> LabelledVideos:
    """Cut the windows of every video that has a class.

    Args:
        dataset: Folder written by ``sonoloop data prepare``.
        split: Side of the dataset, None for all videos.
        labels: Classes.
        clip: What a window is; its size is the dataset's.
        size: Larger frames are shrunk to this.
        windows: Largest number of windows of one video, spread evenly over those that lie behind
            one another without overlap.

    Returns:
        The clips, in memory.

    Raises:
        UsageError: If the dataset cannot be used or no video of this side has a class.
    """
    videos = ClipSet.open(dataset, split, clip)
    chosen = [number for number, item in enumerate(videos.item_ids) if item in labels.numbers]
    if not chosen:
        where = "it" if split is None else f"its {split} split"
        msg = f"{dataset}: none of the {len(videos)} videos in {where} has a class"
        raise UsageError(msg)
    clips, owners = [], []
    for video, number in enumerate(chosen):
        for start_s in window_starts_s(videos, number, windows):
            clips.append(shrink(videos.clip(number, start_s=start_s), size))
            owners.append(video)
    item_ids = tuple(videos.item_ids[number] for number in chosen)
    numbers = np.array([labels.numbers[item_id] for item_id in item_ids], np.int64)
    return LabelledVideos(
        LabelledClips(
            np.stack(clips),
            numbers[owners],
            tuple(videos.group_ids[chosen[owner]] for owner in owners),
            np.zeros(len(owners), bool),
            np.array(owners, np.int64),
        ),
        item_ids,
    )


def window_starts_s(videos: ClipSet, number: int, most: int) -> list[float]:
    """Spread windows evenly over those of a video that do not overlap.

    Args:
        videos: The videos.
        number: Which of them.
        most: Largest number of windows.

    Returns:
        Seconds from its first frame.
    """
    places = evenly_spread(videos.num_windows(number), most)
    return [place * videos.span_s(number) for place in places]


def evenly_spread(count: int, most: int) -> list[int]:
    """Choose at most so many of 0 to count - 1, in the middles of equal parts.

    Args:
        count: How many there are, at least 1.
        most: How many are wanted at most, at least 1.
    """
    kept = min(count, most)
    return [(2 * place + 1) * count // (2 * kept) for place in range(kept)]


def shrink(frames: Frames, size: int) -> Frames:
    """Bring frames that are larger, or not square, to a square of a size.

    Args:
        frames: (t, h, w).
        size: Largest height and width, in pixels.
    """
    _, height, width = frames.shape
    side = min(size, max(height, width))
    if (height, width) == (side, side):
        return frames
    return Letterbox.fit(height, width, side).apply(frames)
