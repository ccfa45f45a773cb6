"""The clips that are judged: of a folder of any origin, or of one side of a prepared dataset."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Final

import torch

from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.data.limited_reading import WHOLE_FILE_LIMITS, find_recordings
from sonoloop.data.links import leads_out, why_not_followed
from sonoloop.data.pack import refuse_pack
from sonoloop.data.recording import Frames
from sonoloop.data.splits import SplitName
from sonoloop.data.store import Store
from sonoloop.data.video_files import VIDEO_SUFFIXES
from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.evaluation.clip_files import ARRAY_SUFFIX, look_at_clip, read_clip
from sonoloop.limited_process import LimitedProcess
from sonoloop.shapes import Clip

CLIP_SUFFIXES: Final = VIDEO_SUFFIXES | {ARRAY_SUFFIX}
"""Of files that should be clips; pictures and DICOM files may as well be stills."""

NO_PATIENTS: Final = "no patients are known: every clip counts as a patient of its own"

MIN_CLIPS: Final = 2
HALF_RANGE: Final = 127.5


@dataclass(frozen=True)
class ClipSource:
    """One clip that can be read.

    Args:
        name: Its path below the folder, or the dataset's item.
        group: Patient, or what else must not be taken apart.
        stem: Name without folder, suffix or window: what a loop made from its still is named after.
        shape: Frames, height, width.
        read: Decodes it: grey levels (t, h, w), uint8.
        frame_rate_hz: Where known.
    """

    name: str
    group: str
    stem: str
    shape: tuple[int, int, int]
    read: Callable[[], Frames]
    frame_rate_hz: float | None = None

    def clip(self) -> Clip:
        """Decode to (1, 1, t, h, w) in [-1, 1]."""
        return to_clip(self.read())

    @cached_property
    def content(self) -> str:
        """SHA-256 of shape and grey levels, whatever the name; decodes once."""
        frames = self.read()
        return hashlib.sha256(repr(frames.shape).encode() + frames.tobytes()).hexdigest()


@dataclass(frozen=True)
class ClipCollection:
    """Clips in a fixed order, decoded when they are asked for.

    Args:
        path: Where they were found.
        sources: The clips.
        failures: Files that could not be used, with the reason.
        notes: What was assumed.
    """

    path: Path
    sources: tuple[ClipSource, ...]
    failures: tuple[tuple[str, str], ...] = field(default=())
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        """Count the clips."""
        return len(self.sources)

    @property
    def groups(self) -> list[str]:
        """Group of each clip."""
        return [source.group for source in self.sources]

    def chosen(self, numbers: Sequence[int]) -> "ClipCollection":
        """Keep some clips, in the order given."""
        return ClipCollection(
            self.path,
            tuple(self.sources[number] for number in numbers),
            self.failures,
            self.notes,
        )


def to_clip(frames: Frames) -> Clip:
    """Turn grey levels (t, h, w) into (1, 1, t, h, w) in [-1, 1]."""
    return torch.from_numpy(frames)[None, None].float() / HALF_RANGE - 1


def folder_clips(folder: Path, *, at_least: int = MIN_CLIPS) -> ClipCollection:
    """Find the clips of a folder: videos, arrays, frame folders and multi-frame DICOM.

    Every file is decoded once to learn its shape, so that corrupt ones are known before any
    metric is computed; in a process of its own, so that one that crashes it or takes too much
    counts as corrupt, too. Where an array and a video have the same name, the array counts: it is
    not compressed. Every clip is a group of its own.

    Args:
        folder: Searched with its subfolders.
        at_least: Fewest clips that are of use.

    Returns:
        The clips in natural order.

    Raises:
        UsageError: If there is no such folder, or fewer clips in it.
    """
    refuse_pack(folder)
    if not folder.is_dir():
        msg = f"there is no folder {folder}: give a folder of clips or a prepared dataset"
        raise UsageError(msg)
    arrays = sorted(folder.rglob(f"*{ARRAY_SUFFIX}"))
    better = {array.with_suffix("") for array in arrays}
    process = LimitedProcess()
    paths = arrays + [
        path
        for path in find_recordings(folder, process)
        if path.is_dir() or path.with_suffix("") not in better
    ]
    sources: list[ClipSource] = []
    failures: list[tuple[str, str]] = []
    num_stills = 0
    for path in paths:
        name = path.relative_to(folder).as_posix()
        if leads_out(path, folder):
            failures.append((name, why_not_followed(folder)))
            continue
        try:
            shape, rate_hz = process.call(look_at_clip, path, path=path, limits=WHOLE_FILE_LIMITS)
        except UnreadableFileError as error:
            failures.append((name, error.reason))
            continue
        if shape[0] == 1:
            if path.suffix.lower() in CLIP_SUFFIXES:
                failures.append((name, "has one frame: a clip has at least 2"))
            else:
                num_stills += 1
            continue
        source = ClipSource(
            name=name,
            group=name,
            stem=path.stem if path.is_file() else path.name,
            shape=shape,
            read=partial(_frames, process, path),
            frame_rate_hz=rate_hz,
        )
        sources.append(source)
    notes = [NO_PATIENTS]
    if num_stills:
        notes.append(f"{num_stills} files of one frame are no clips and were left out")
    _refuse_few(folder, len(sources), failures, at_least)
    return ClipCollection(folder, tuple(sources), tuple(failures), tuple(notes))


def dataset_clips(clips: ClipSet, dataset: Path, *, window: int = 0) -> ClipCollection:
    """Take one clip of every video of a dataset.

    Args:
        clips: One side of the dataset.
        dataset: Its folder.
        window: Which window, 0 for the first; videos that are too short are left out.

    Returns:
        The clips; their groups are the dataset's.
    """
    sources = tuple(
        ClipSource(
            name=f"{item_id} #{window}" if window else item_id,
            group=clips.group_ids[number],
            stem=clip_stem(item_id),
            shape=(clips.config.num_frames, clips.config.size, clips.config.size),
            read=partial(clips.clip, number, start_s=window * clips.span_s(number)),
            frame_rate_hz=clips.config.num_frames / clips.span_s(number),
        )
        for number, item_id in enumerate(clips.item_ids)
        if window < clips.num_windows(number)
    )
    return ClipCollection(dataset, sources)


def open_dataset(dataset: Path, split: SplitName | None) -> ClipSet:
    """Open one side of a prepared dataset as it was prepared.

    Args:
        dataset: Folder written by ``sonoloop data prepare``.
        split: Which side; None for all.

    Raises:
        UsageError: If the dataset cannot be used.
    """
    refuse_pack(dataset)
    size = Store.open(dataset / "store").size
    return ClipSet.open(dataset, split, ClipConfig(size=size))


def is_dataset(path: Path) -> bool:
    """Tell whether a folder is a prepared dataset."""
    return (path / "store").is_dir() and (path / "split.json").is_file()


def clip_stem(item_id: str) -> str:
    """Turn a dataset's item into a file name without suffix.

    Args:
        item_id: Such as ``videos/covid/Cov-x_vid1.mp4``.

    Returns:
        Such as ``videos__covid__Cov-x_vid1``.
    """
    path = Path(item_id)
    return "__".join((*path.parent.parts, path.stem))


def _frames(process: LimitedProcess, path: Path) -> Frames:
    return process.call(read_clip, path, path=path, limits=WHOLE_FILE_LIMITS).frames


def _refuse_few(
    folder: Path, count: int, failures: Sequence[tuple[str, str]], at_least: int
) -> None:
    if count >= at_least:
        return
    first = f"; {failures[0][0]}: {failures[0][1]}" if failures else ""
    msg = f"{folder} holds {count} usable clips, at least {at_least} are needed{first}"
    raise UsageError(msg)
