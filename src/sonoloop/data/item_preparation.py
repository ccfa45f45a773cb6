"""From one file to its stored frames: read, crop to the scan, clean, letterbox.

Every item is prepared into a work folder under a name made of its content and the settings, so
that it is done once whatever is interrupted, added or re-run. Runs in worker processes.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sonoloop.atomic_files import unfinished_file, write_atomically
from sonoloop.data import letterbox, reading, scan_region
from sonoloop.data.duplicates import frame_hashes
from sonoloop.data.frame_folders import natural_key
from sonoloop.data.reading_options import ReadingOptions
from sonoloop.data.recording import Frames, Recording
from sonoloop.data.store import file_sha256
from sonoloop.data.stored_item import Kind
from sonoloop.data.video_files import VIDEO_SUFFIXES
from sonoloop.errors import LeftOutError, UnreadableFileError

VIDEO_ONLY_SUFFIXES = VIDEO_SUFFIXES - {".gif"}
"""Suffixes of files in which one frame is no still but a damaged video."""

BLANK_SHARE = 0.05
"""A frame darker than this share of the median frame shows nothing."""

_STRIDE = 4

READING_CODE = ("reading", "scan_region", "letterbox", "duplicates")
"""Modules on which stored frames depend, with all that they import from this package."""

_IMPORT = re.compile(r"^from sonoloop\.data\.(\w+) import", re.MULTILINE)


@dataclass(frozen=True)
class PreparedItem:
    """What is known of a finished item besides its frames.

    Args:
        key: Digest of the file's content and the settings.
        kind: "video" or "still".
        num_frames: Stored frames.
        source_height: Rows of the original picture.
        source_width: Columns of the original picture.
        scan_height: Rows of the scan cut out of it.
        scan_width: Columns of the scan.
        frame_rate_hz: Mean rate, None for stills.
        duration_s: From first to last frame.
        pixel_spacing_mm: Of the original picture, where the file states it.
        warnings: Sentences on how the file was read.
        hashes: Perceptual hashes of some frames, as hex digits.
    """

    key: str
    kind: Kind
    num_frames: int
    source_height: int
    source_width: int
    scan_height: int
    scan_width: int
    frame_rate_hz: float | None
    duration_s: float
    pixel_spacing_mm: tuple[float, float] | None
    warnings: tuple[str, ...]
    hashes: tuple[str, ...]

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "PreparedItem":
        """Restore what ``dataclasses.asdict`` wrote."""
        spacing = values["pixel_spacing_mm"]
        return cls(
            **{
                **values,
                "pixel_spacing_mm": tuple(spacing) if spacing else None,
                "warnings": tuple(values["warnings"]),
                "hashes": tuple(values["hashes"]),
            }
        )


@dataclass(frozen=True)
class ItemTask:
    """What a worker needs to prepare one item.

    Args:
        item_id: For messages.
        path: File or frame folder.
        first_frame: Number of the first usable frame.
        size: Side of the stored frames in pixels.
        num_frames: Fewest frames a video must have.
        max_frames: Most frames to keep of a video; None keeps all that fit in memory.
        work: Folder of finished items.
        earlier: The item of this id in the dataset that is there, None if there is none.
        reading: What to do with Doppler frames and burned-in text.
    """

    item_id: str
    path: Path
    first_frame: int
    size: int
    num_frames: int
    max_frames: int | None
    work: Path
    earlier: PreparedItem | None = None
    reading: ReadingOptions = field(default_factory=ReadingOptions)


def prepare_item(task: ItemTask) -> PreparedItem:
    """Prepare one item unless it is done already.

    Args:
        task: What to do.

    Returns:
        The item's facts; its frames and times lie in ``work``, or in the earlier dataset.

    Raises:
        UnreadableFileError: If the file cannot be used.
        OSError: If the work folder cannot be written.
    """
    try:
        key = item_key(task)
    except OSError as error:
        reason = f"cannot be read ({error.strerror or error})"
        raise UnreadableFileError(task.path, reason) from error
    if task.earlier is not None and task.earlier.key == key:
        return task.earlier
    facts = task.work / f"{key}.json"
    if facts.is_file():
        return PreparedItem.from_json(json.loads(facts.read_text()))
    recording = _usable_part(task)
    cleaned = scan_region.clean_frames(recording, path=task.path)
    shown = _shown_frames(task, cleaned.frames)
    num_blank = len(recording.frames) - (shown.stop - shown.start)
    blank = f"{num_blank} blank frames at the start or end are left out"
    times_s = recording.times_s[shown] - recording.times_s[shown.start]
    if not recording.is_still:
        _check_length(task, len(times_s))
    height, width = cleaned.frames.shape[1:]
    placement = letterbox.Letterbox.fit(height, width, task.size)
    frames = placement.apply(cleaned.frames[shown])
    top, left, bottom, right = placement.content
    hashes = frame_hashes(frames[:, top:bottom, left:right])
    prepared = PreparedItem(
        key=key,
        kind="still" if recording.is_still else "video",
        num_frames=len(frames),
        source_height=recording.frames.shape[1],
        source_width=recording.frames.shape[2],
        scan_height=height,
        scan_width=width,
        frame_rate_hz=recording.frame_rate_hz,
        duration_s=float(times_s[-1]),
        pixel_spacing_mm=recording.pixel_spacing_mm,
        warnings=(*cleaned.warnings, blank) if num_blank else cleaned.warnings,
        hashes=tuple(row.tobytes().hex() for row in hashes),
    )
    _write(task.work, prepared, frames, times_s)
    return prepared


def read_prepared(work: Path, key: str) -> tuple[Frames, npt.NDArray[np.float64]]:
    """Map the frames of a finished item and load its times.

    Args:
        work: Folder of finished items.
        key: The item's key.
    """
    return np.load(work / f"{key}.frames.npy", mmap_mode="r"), np.load(work / f"{key}.times.npy")


def item_key(task: ItemTask) -> str:
    """Digest what the stored frames depend on: content, settings, and the code that reads."""
    digest = hashlib.sha256(_code_digest().encode())
    settings = [task.first_frame, task.size, task.num_frames, task.max_frames]
    settings += astuple(task.reading)
    digest.update(json.dumps(settings).encode())
    if task.path.is_dir():
        for path in sorted(task.path.iterdir(), key=lambda path: natural_key(path.name)):
            if path.is_file():
                digest.update(path.name.encode() + b"\0" + file_sha256(path).encode())
    else:
        digest.update(task.path.suffix.lower().encode() + file_sha256(task.path).encode())
    return digest.hexdigest()


@cache
def _code_digest() -> str:
    """Digest the modules that turn files into frames, so that a new version reads them anew."""
    digest, done, todo = hashlib.sha256(), set[str](), set(READING_CODE)
    while todo:
        module = min(todo)
        code = Path(__file__).with_name(f"{module}.py").read_text()
        digest.update(code.encode())
        done.add(module)
        todo = (todo | set(_IMPORT.findall(code))) - done
    return digest.hexdigest()


def _usable_part(task: ItemTask) -> Recording:
    """Read the file and leave out the frames before the first usable one."""
    limit = None if task.max_frames is None else task.max_frames + task.first_frame
    recording = reading.read_recording(task.path, max_frames=limit, options=task.reading)
    count = len(recording.frames)
    if recording.is_still and task.path.suffix.lower() in VIDEO_ONLY_SUFFIXES:
        reason = f"a video of one frame; at least {task.num_frames} are needed"
        raise UnreadableFileError(task.path, reason)
    if task.first_frame:
        if task.first_frame >= count:
            reason = f"first_valid_frame is {task.first_frame}, but it has {count} frames"
            raise UnreadableFileError(task.path, reason)
        times_s = recording.times_s[task.first_frame :]
        recording = replace(
            recording, frames=recording.frames[task.first_frame :], times_s=times_s - times_s[0]
        )
    if not recording.is_still or task.first_frame:
        _check_length(task, len(recording.frames))
    return recording


def _check_length(task: ItemTask, num_usable: int) -> None:
    if num_usable < task.num_frames:
        reason = f"has {num_usable} usable frames, at least {task.num_frames} are needed"
        raise LeftOutError(task.path, reason)


def _shown_frames(task: ItemTask, frames: Frames) -> slice:
    """Find the frames between blank ones at the ends, as a fade or a player leaves them."""
    means = frames[:, ::_STRIDE, ::_STRIDE].mean(axis=(1, 2))
    shown = np.flatnonzero(means > BLANK_SHARE * np.median(means))
    if not shown.size:
        raise UnreadableFileError(task.path, "nothing but black is left where the scan should be")
    return slice(int(shown[0]), int(shown[-1]) + 1)


def _write(
    work: Path, prepared: PreparedItem, frames: Frames, times_s: npt.NDArray[np.float64]
) -> None:
    """Write frames, times and facts; the facts come last and make the item valid."""
    for suffix, array in (("frames", frames), ("times", times_s)):
        path = work / f"{prepared.key}.{suffix}.npy"
        with unfinished_file(path) as unfinished, unfinished.open("wb") as file:
            np.save(file, array)
    write_atomically(work / f"{prepared.key}.json", json.dumps(asdict(prepared)).encode())
