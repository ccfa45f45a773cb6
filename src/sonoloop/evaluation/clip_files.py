"""Read the file of a clip, whatever its kind; what a limited process runs, which knows no torch."""

from pathlib import Path
from typing import Final, NamedTuple

from sonoloop.data.reading import read_recording
from sonoloop.data.recording import Frames
from sonoloop.evaluation.clip_arrays import read_array

ARRAY_SUFFIX: Final = ".npy"


class ClipFile(NamedTuple):
    """What a file holds.

    Args:
        frames: Grey levels (t, h, w).
        frame_rate_hz: Where known; a folder of frames and an array state none.
    """

    frames: Frames
    frame_rate_hz: float | None


class ClipShape(NamedTuple):
    """What is known of a file before it is used.

    Args:
        shape: Frames, height, width.
        frame_rate_hz: Where known.
    """

    shape: tuple[int, int, int]
    frame_rate_hz: float | None


def read_clip(path: Path) -> ClipFile:
    """Decode a video, an array, a frame folder or a DICOM file.

    Args:
        path: The file or folder.

    Raises:
        UnreadableFileError: If it cannot be decoded.
    """
    if path.suffix.lower() == ARRAY_SUFFIX:
        return ClipFile(read_array(path), None)
    recording = read_recording(path)
    return ClipFile(recording.frames, None if path.is_dir() else recording.frame_rate_hz)


def look_at_clip(path: Path) -> ClipShape:
    """Decode all of a clip, as ``read_clip``, and give back its shape alone.

    Args:
        path: The file or folder.

    Raises:
        UnreadableFileError: If it cannot be decoded.
    """
    frames, rate_hz = read_clip(path)
    num_frames, height, width = frames.shape
    return ClipShape((num_frames, height, width), rate_hz)
