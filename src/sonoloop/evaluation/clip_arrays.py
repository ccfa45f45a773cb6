"""Clips as numpy files: what many generators write."""

import math
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from sonoloop.data.pixel_limits import MAX_RECORDING_BYTES
from sonoloop.data.recording import Frames
from sonoloop.errors import UnreadableFileError

CHANNELS: Final = (1, 3)
LUMA: Final = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in grey (ITU-R BT.601)."""


def read_array(path: Path) -> Frames:
    """Read a clip from a numpy file, never unpickling anything.

    Args:
        path: ``.npy`` of (t, h, w) or (t, h, w, 1 or 3); uint8, or floats in [0, 1] or [-1, 1].

    Returns:
        Grey levels (t, h, w).

    Raises:
        UnreadableFileError: If it is no such array.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # numpy parses the header as Python, which fails in many ways
        # numpy's own words advise to load what may be a pickle; this is only shown for the disk's.
        why = error.strerror if isinstance(error, OSError) else None
        reason = f"is no plain numpy array ({why or 'damaged, or of Python objects'})"
        raise UnreadableFileError(path, reason) from error
    if array.ndim not in {3, 4} or (array.ndim == 4 and array.shape[3] not in CHANNELS):  # noqa: PLR2004
        reason = f"has the shape {array.shape}: a clip is (t, h, w) or (t, h, w, 1 or 3)"
        raise UnreadableFileError(path, reason)
    if not 0 < array.size <= MAX_RECORDING_BYTES:
        reason = f"has the shape {array.shape}: 1 to {MAX_RECORDING_BYTES} values can be read"
        raise UnreadableFileError(path, reason)
    if array.dtype == np.uint8:
        if array.ndim == 3:  # noqa: PLR2004 - (t, h, w): these are the grey levels
            return np.array(array)
        scale, offset = 1.0, 0.0
    elif array.dtype.kind == "f":
        scale, offset = _scale_and_offset(path, array)
    else:
        reason = f"holds {array.dtype}: uint8, or floats in [0, 1] or [-1, 1] are needed"
        raise UnreadableFileError(path, reason)
    grey: Frames = np.empty(array.shape[:3], np.uint8)
    for number, frame in enumerate(array):  # as float64 a clip of all frames takes eightfold
        levels = frame.astype(np.float64) * scale + offset
        if levels.ndim == 3:  # noqa: PLR2004 - (h, w, c)
            levels = levels @ LUMA if levels.shape[2] == len(LUMA) else levels[..., 0]
        grey[number] = np.rint(levels)
    return grey


def _scale_and_offset(path: Path, values: npt.NDArray[np.floating]) -> tuple[float, float]:
    """Tell how floats become 0 to 255: with a negative value they are in [-1, 1], else [0, 1]."""
    lowest, highest = float(values.min()), float(values.max())
    if not math.isfinite(lowest) or not math.isfinite(highest):  # a NaN is the least and the most
        raise UnreadableFileError(path, "holds numbers that are not finite")
    if lowest < -1 or highest > 1:
        reason = f"holds floats from {lowest:.3g} to {highest:.3g}: scale them to [0, 1] or [-1, 1]"
        raise UnreadableFileError(path, reason)
    return (127.5, 127.5) if lowest < 0 else (255.0, 0.0)
