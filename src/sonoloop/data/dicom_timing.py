"""The times of DICOM frames: PS3.3, C.7.6.5 (Cine Module) and C.7.6.6 (Multi-frame)."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from sonoloop.data.frame_times import DEFAULT_FRAME_RATE_HZ, stated_times, steady_times

DURATIONS_MS = ("FrameTime", "ActualFrameDuration")
RATES_HZ = ("CineRate", "RecommendedDisplayFrameRate")


def frame_times(
    header: Dataset, num_frames: int
) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """Take the first of frame time vector, frame time, cine rate and display rate that is usable.

    Args:
        header: The file's attributes.
        num_frames: Number of frames that were decoded.

    Returns:
        Times in seconds from the first frame, and a warning where the file states none and
        25 Hz is assumed.
    """
    steps_ms = header.get("FrameTimeVector")
    if steps_ms is not None and num_frames > 1:
        times_s = _vector_times(steps_ms, num_frames)
        if times_s is not None:
            return times_s, ()
    for keyword in DURATIONS_MS:
        duration_ms = _positive(header.get(keyword))
        if duration_ms:
            return steady_times(num_frames, 1000 / duration_ms), ()
    for keyword in RATES_HZ:
        rate_hz = _positive(header.get(keyword))
        if rate_hz:
            return steady_times(num_frames, rate_hz), ()
    assumed = f"states no frame times: {DEFAULT_FRAME_RATE_HZ:g} Hz is assumed"
    return steady_times(num_frames, DEFAULT_FRAME_RATE_HZ), (assumed,) if num_frames > 1 else ()


def clock_seconds(value: object) -> float | None:
    """Read a DICOM time of day, HHMMSS.FFFFFF (PS3.5, 6.2), in seconds since midnight.

    Args:
        value: Of the attribute.

    Returns:
        None where it is no such time.
    """
    text = str(value or "")
    whole, _, fraction = text.partition(".")
    if len(whole) != len("HHMMSS") or not (whole + fraction).isdecimal():
        return None
    hours, minutes, seconds = (int(whole[place : place + 2]) for place in (0, 2, 4))
    return 3600 * hours + 60 * minutes + seconds + float(f"0.{fraction or 0}")


def _vector_times(steps_ms: object, num_frames: int) -> npt.NDArray[np.float64] | None:
    """Sum the milliseconds between frames; the first value belongs to no step (C.7.6.5.1.2)."""
    if not isinstance(steps_ms, Iterable):
        return None
    try:
        steps = np.asarray([float(step) for step in steps_ms])
    except (TypeError, ValueError):
        return None
    if len(steps) < num_frames:
        return None
    steps[0] = 0
    return stated_times((np.cumsum(steps[:num_frames]) / 1000).tolist())


def _positive(value: object) -> float | None:
    """Give a finite number above 0, else None."""
    try:
        number = float(str(value))
    except (TypeError, ValueError):
        return None
    return number if 0 < number < float("inf") else None
