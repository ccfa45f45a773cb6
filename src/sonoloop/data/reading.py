"""One door to every reader: which file is what, and which files of a folder can be read."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

from sonoloop.data.dicom_files import read_dicom
from sonoloop.data.dicom_series import is_dicom_series, read_dicom_series, series_headers
from sonoloop.data.frame_folders import is_frame_folder, natural_key, read_frame_folder
from sonoloop.data.frame_times import DEFAULT_FRAME_RATE_HZ
from sonoloop.data.links import lies_in
from sonoloop.data.reading_options import ReadingOptions
from sonoloop.data.recording import Recording
from sonoloop.data.still_files import STILL_SUFFIXES, read_still
from sonoloop.data.video_files import VIDEO_SUFFIXES, read_video
from sonoloop.data.volume_files import is_volume_file, read_volume_file
from sonoloop.errors import UnreadableFileError

__all__ = ["MEDIA_SUFFIXES", "find_recordings", "is_video_folder", "natural_key", "read_recording"]

DICOM_SUFFIXES = frozenset({".dcm", ".dicom"})

MEDIA_SUFFIXES = VIDEO_SUFFIXES | STILL_SUFFIXES | DICOM_SUFFIXES
"""Lower-case suffixes of files that can be read, besides NIfTI and MHA; DICOM may have none."""

_DICOM_PREAMBLE_BYTES = 128
_DICOM_MAGIC = b"DICM"


@runtime_checkable
class ReadRecording(Protocol):
    """What reads a file: ``read_recording`` in this process, or ``LimitedReader`` in another."""

    def __call__(self, path: Path, /, *, max_frames: int | None = None) -> Recording:
        """Read at most so many frames of a recording."""
        ...


def read_recording(
    path: Path,
    *,
    max_frames: int | None = None,
    frame_rate_hz: float = DEFAULT_FRAME_RATE_HZ,
    options: ReadingOptions | None = None,
) -> Recording:
    """Read a video, a still, a DICOM file, or a folder of frames or of a DICOM series.

    Args:
        path: The file or folder.
        max_frames: Most frames to read; None reads as many as ``pixel_limits`` allows.
        frame_rate_hz: Rate of frame folders, which do not state theirs.
        options: Of DICOM files with Doppler or burned-in text.

    Returns:
        Grey frames with times, and what the file says of the scan.

    Raises:
        UnreadableFileError: If the path does not exist, is of no known kind, cannot be decoded,
            or every pixel has the same value.
    """
    recording = _read(path, max_frames, frame_rate_hz, options)
    lowest, highest = int(recording.frames.min()), int(recording.frames.max())
    if lowest == highest:
        reason = f"every pixel has the value {lowest}: there is no scan in it"
        raise UnreadableFileError(path, reason)
    return recording


def is_video_folder(path: Path) -> bool:
    """Tell whether a folder holds the frames of one video: pictures, or files of a DICOM series.

    Args:
        path: Any path.
    """
    return is_frame_folder(path) or is_dicom_series(path)


def find_recordings(
    path: Path, *, is_video: Callable[[Path], bool] = is_video_folder
) -> list[Path]:
    """List what can be read below a folder, frame folders as one entry each.

    Args:
        path: A folder, or one recording.
        is_video: Tells whether a folder is one video, for which headers are read;
            ``limited_reading.is_video`` does it for files of unknown origin.

    Returns:
        Files and frame folders in natural order (2 before 10); hidden ones are left out, and
        links to folders that lead back up or out of ``path`` are not followed. Links that lead
        out are listed: whoever reads on asks ``leads_out``. A file or frame folder gives itself.

    Raises:
        UnreadableFileError: If the path does not exist.
    """
    if not path.exists():
        raise UnreadableFileError(path, "there is no such file or folder")
    return list(_walk(path, path, frozenset(), is_video))


def _walk(
    path: Path, root: Path, above: frozenset[Path], is_video: Callable[[Path], bool]
) -> Iterator[Path]:
    """Walk down a folder; a link to one of the folders ``above`` is not followed."""
    if path.is_file() or is_video(path):
        yield path
        return
    here = above | {path.resolve()}
    for entry in sorted(path.iterdir(), key=natural_key):
        if entry.name.startswith((".", "__MACOSX")):
            continue
        if entry.is_symlink() and entry.is_dir() and not lies_in(entry, root):
            yield entry
        elif entry.is_dir():
            if entry.resolve() not in here:
                yield from _walk(entry, root, here, is_video)
        elif is_media_file(entry) or _is_dicom_without_suffix(entry):
            yield entry


def is_media_file(path: Path) -> bool:
    """Tell by the name whether a file is of a kind that can be read.

    Args:
        path: Any path.
    """
    return path.suffix.lower() in MEDIA_SUFFIXES or is_volume_file(path)


def _read(
    path: Path, max_frames: int | None, frame_rate_hz: float, options: ReadingOptions | None
) -> Recording:
    """Choose the reader by kind of path, then suffix, then content."""
    suffix = path.suffix.lower()
    if not path.exists():
        raise UnreadableFileError(path, "there is no such file or folder")
    series = series_headers(path) if path.is_dir() else []
    if series:
        return read_dicom_series(path, series, max_frames=max_frames, options=options)
    if path.is_dir():
        return read_frame_folder(path, frame_rate_hz=frame_rate_hz, max_frames=max_frames)
    if is_volume_file(path):
        return read_volume_file(path, max_frames=max_frames)
    if suffix in STILL_SUFFIXES:
        return read_still(path)
    if suffix in VIDEO_SUFFIXES:
        return read_video(path, max_frames=max_frames)
    if suffix in DICOM_SUFFIXES or has_dicom_mark(path):
        return read_dicom(path, max_frames=max_frames, options=options)
    reason = (
        f"{suffix or 'a file without suffix'} is of no kind that can be read: use DICOM, NIfTI, "
        "MHA or " + ", ".join(sorted(MEDIA_SUFFIXES - DICOM_SUFFIXES))
    )
    raise UnreadableFileError(path, reason)


def _is_dicom_without_suffix(path: Path) -> bool:
    """Look for the DICOM mark in files named by a number or UID, as scanners write them."""
    ending = path.suffix.removeprefix(".")
    if (ending and not ending.isdecimal()) or not path.is_file():
        return False
    return has_dicom_mark(path)


def has_dicom_mark(path: Path) -> bool:
    """Tell whether the bytes "DICM" follow a preamble of 128 bytes (DICOM PS3.10, 7.1).

    Args:
        path: An existing file.

    Returns:
        False also for shorter files.
    """
    with path.open("rb") as file:
        file.seek(_DICOM_PREAMBLE_BYTES, os.SEEK_SET)
        return file.read(len(_DICOM_MAGIC)) == _DICOM_MAGIC
