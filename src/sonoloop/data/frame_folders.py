"""Read a folder of numbered pictures as the frames of one video, in numeric order."""

import re
from pathlib import Path

import numpy as np

from sonoloop.data.frame_times import DEFAULT_FRAME_RATE_HZ, steady_times
from sonoloop.data.pixel_limits import num_frames_that_fit
from sonoloop.data.recording import Recording
from sonoloop.data.still_files import STILL_SUFFIXES, open_picture, read_still
from sonoloop.errors import UnreadableFileError

MIN_FRAMES = 2

_FRAME_STEM = re.compile(r"(?P<prefix>.*?)(?P<number>\d+)$")
_FRAME_PREFIX = re.compile(r"(.*\d.*|(.*[^a-z])?(frame|frm|fr|f|img|image|im)|)[ _.-]*$")
"""Nothing, something that ends in a word for frames, or the number of the video."""


def natural_key(path: Path | str) -> list[tuple[int, int, str]]:
    """Sort key that reads numbers as numbers: 2.png comes before 10.png.

    Args:
        path: A file or folder.

    Returns:
        A key that compares with the keys of other paths.
    """
    parts = re.findall(r"\d+|\D+", str(path))
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part.lower()) for part in parts]


def is_frame_folder(folder: Path) -> bool:
    """Tell the frames of one video from a folder of separate stills.

    Frames are two or more pictures of one type whose names differ by a number at the end alone,
    after nothing, a word such as "frame" or "img" or the number of the video, and whose sizes are
    the same. Stills with another name before the number ("patient_1.png", "benign (1).png") are
    no frames.

    Args:
        folder: Any path.

    Returns:
        Whether the folder holds such frames and nothing else that is visible.
    """
    if not folder.is_dir():
        return False
    visible = [path for path in folder.iterdir() if not path.name.startswith(".")]
    if len(visible) < MIN_FRAMES or len({path.suffix.lower() for path in visible}) > 1:
        return False
    matches = [_FRAME_STEM.match(path.stem) for path in visible]
    prefixes = {match["prefix"].lower() if match else None for match in matches}
    if len(prefixes) > 1 or None in prefixes:
        return False
    named_as_frames = _FRAME_PREFIX.match(next(iter(prefixes)) or "") is not None
    return named_as_frames and all(map(_is_still, visible)) and _same_size(visible)


def read_frame_folder(
    folder: Path,
    *,
    frame_rate_hz: float = DEFAULT_FRAME_RATE_HZ,
    max_frames: int | None = None,
) -> Recording:
    """Read the pictures of a folder as one video.

    Args:
        folder: A folder that holds pictures of one size.
        frame_rate_hz: Frames a second, above 0; a folder does not state it.
        max_frames: Most frames to read; None reads as many as ``pixel_limits`` allows.

    Returns:
        Grey frames at steady times.

    Raises:
        UnreadableFileError: If the folder holds no picture, one cannot be read, or sizes differ.
    """
    paths = sorted(filter(_is_still, folder.iterdir()), key=natural_key)
    if not paths:
        raise UnreadableFileError(folder, "holds no pictures to read as frames")
    first = read_still(paths[0])
    height, width = first.frames.shape[1:]
    num_frames = min(len(paths), num_frames_that_fit(height, width, max_frames))
    frames = np.empty((num_frames, height, width), dtype=np.uint8)
    warnings = dict.fromkeys(first.warnings)
    for frame_index, path in enumerate(paths[:num_frames]):
        still = read_still(path)
        if still.frames.shape[1:] != (height, width):
            found = "{1} x {0}".format(*still.frames.shape[1:])
            reason = f"is {found} pixels, the first frame of its folder is {width} x {height}"
            raise UnreadableFileError(path, reason)
        frames[frame_index] = still.frames[0]
        warnings |= dict.fromkeys(still.warnings)
    return Recording(frames, steady_times(num_frames, frame_rate_hz), warnings=tuple(warnings))


def _is_still(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in STILL_SUFFIXES


def _same_size(paths: list[Path]) -> bool:
    """Compare the sizes the headers state, until two differ."""
    first: tuple[int, int] | None = None
    for path in paths:
        try:
            with open_picture(path) as image:
                size = image.size
        except Exception:  # noqa: BLE001, S112 - damaged headers fail in many ways
            continue  # reported when it is read
        first = first or size
        if size != first:
            return False
    return True
