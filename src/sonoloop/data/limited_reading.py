"""Find and read recordings of unknown origin: in a process that a bad file may bring down."""

from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from sonoloop.data import reading
from sonoloop.data.frame_folders import MIN_FRAMES
from sonoloop.data.recording import Recording
from sonoloop.errors import UnreadableFileError
from sonoloop.limited_process import LimitedProcess, Limits

FIRST_FRAMES_LIMITS: Final = Limits(cpu_s=20.0, cpu_s_per_mb=1.0, memory_bytes=4 << 30)
"""For the first frames of a file; honest ones take a tenth of it (docs/security.md)."""
WHOLE_FILE_LIMITS: Final = Limits(cpu_s=300.0, cpu_s_per_mb=1.0, memory_bytes=4 << 30)
"""For all frames that ``pixel_limits`` allows, and cleaning them."""


class _Request(NamedTuple):
    path: Path
    max_frames: int | None


class LimitedReader:
    """``read_recording`` that survives any file. One process, kept from file to file.

    Args:
        limits: What one file may cost.
    """

    def __init__(self, limits: Limits = FIRST_FRAMES_LIMITS) -> None:
        """Start nothing yet."""
        self._limits = limits
        self._process = LimitedProcess()

    def __call__(self, path: Path, /, *, max_frames: int | None = None) -> Recording:
        """Read a recording.

        Args:
            path: As for ``read_recording``.
            max_frames: As for ``read_recording``.

        Raises:
            UnreadableFileError: As for ``read_recording``, and if reading it crashed, or took more
                time or memory than a file may.
        """
        request = _Request(path, max_frames)
        return self._process.call(_read, request, path=path, limits=self._limits)

    def close(self) -> None:
        """End the process; the next call starts another."""
        self._process.end()

    def __enter__(self) -> "LimitedReader":  # noqa: PYI034 (beartype cannot read Self)
        """Return the reader itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.close()


def find_recordings(path: Path, process: LimitedProcess) -> list[Path]:
    """List what can be read below a folder, as ``reading.find_recordings``.

    Args:
        path: A folder, or one recording.
        process: Reads the headers that tell a folder of frames from one of stills.

    Raises:
        UnreadableFileError: If the path does not exist.
    """
    return reading.find_recordings(path, is_video=partial(is_video, process))


def is_video(process: LimitedProcess, path: Path) -> bool:
    """Tell whether a folder holds the frames of one video, as ``reading.is_video_folder``.

    Args:
        process: Reads the headers.
        path: Any path.

    Returns:
        False also where reading them crashed or took too much: the files are read one by one then,
        and the one that did it is told.
    """
    if not path.is_dir():
        return False
    visible = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
    if len(visible) < MIN_FRAMES or not all(entry.is_file() for entry in visible):
        return False  # told without opening a file
    try:
        return process.call(reading.is_video_folder, path, path=path, limits=WHOLE_FILE_LIMITS)
    except UnreadableFileError:
        return False


def _read(request: _Request) -> Recording:
    return reading.read_recording(request.path, max_frames=request.max_frames)
