"""The time of each frame: from the file where it states times, else at a steady rate."""

import numpy as np
import numpy.typing as npt

DEFAULT_FRAME_RATE_HZ = 25.0
"""Assumed where a file states none (LDDM paper, Section 3.1: 48 frames in 1.92 s)."""


def steady_times(num_frames: int, frame_rate_hz: float) -> npt.NDArray[np.float64]:
    """Space the frames evenly from time 0.

    Args:
        num_frames: Number of frames.
        frame_rate_hz: Frames a second, above 0.

    Returns:
        Times in seconds.

    Raises:
        ValueError: If the rate is not above 0 and finite.
    """
    if not 0 < frame_rate_hz < float("inf"):
        msg = f"frame rate must be above 0 Hz and finite, got {frame_rate_hz}"
        raise ValueError(msg)
    return np.arange(num_frames, dtype=np.float64) / frame_rate_hz


def stated_times(times_s: list[float | None]) -> npt.NDArray[np.float64] | None:
    """Count stated times from the first frame.

    Args:
        times_s: Time of each frame in seconds as the file gives it; None where it gives none.

    Returns:
        Times from the first in seconds, or None unless every frame has one and they increase.
    """
    known = [time for time in times_s if time is not None]
    if not known or len(known) < len(times_s):
        return None
    times = np.asarray(known, dtype=np.float64)
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        return None
    since_first: npt.NDArray[np.float64] = times - times[0]
    return since_first
