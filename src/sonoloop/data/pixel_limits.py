"""How large a picture or recording may be: checked from the header, before memory is taken."""

from pathlib import Path

from sonoloop.errors import UnreadableFileError

MIN_SIDE = 16
"""Smallest height or width in pixels in which there can be a scan."""

MAX_SIDE = 10_000
"""Largest height or width in pixels."""

MAX_PIXELS = 64_000_000
"""Largest number of pixels in one frame."""

MAX_RECORDING_BYTES = 1 << 30
"""Most memory the grey frames of one recording take; longer ones are cut with a warning."""


def check_frame_size(path: Path, height: int, width: int) -> None:
    """Refuse a picture too small to hold a scan or too large to decode.

    Args:
        path: The file, for the message.
        height: Rows the header states.
        width: Columns the header states.

    Raises:
        UnreadableFileError: If a side or the number of pixels is out of range.
    """
    found = f"is {width} x {height} pixels"
    if min(height, width) < MIN_SIDE:
        reason = f"{found}, at least {MIN_SIDE} x {MIN_SIDE} are needed to hold a scan"
        raise UnreadableFileError(path, reason)
    if max(height, width) > MAX_SIDE or height * width > MAX_PIXELS:
        reason = (
            f"{found}, at most {MAX_SIDE} a side and {MAX_PIXELS // 10**6} million in all "
            "are read: crop or downscale it first"
        )
        raise UnreadableFileError(path, reason)


def num_frames_that_fit(height: int, width: int, max_frames: int | None = None) -> int:
    """Count the grey frames of this size that one recording may hold.

    Args:
        height: Rows of a frame.
        width: Columns of a frame.
        max_frames: The caller's own limit; None means no other limit.

    Returns:
        At least 1.
    """
    fitting = max(1, MAX_RECORDING_BYTES // (height * width))
    return fitting if max_frames is None else max(1, min(fitting, max_frames))
