"""What every reader returns: grey frames with their times, and what the file says of the scan."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.uint8]
"""Grey frames (t, h, w)."""

SYNTHETIC_WARNING = "says of itself that it is synthetic: it shows no patient"
"""Goes with every recording whose file carries the mark of a generator."""


class Box(NamedTuple):
    """A rectangle in pixels: rows top to bottom - 1, columns left to right - 1."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left


@dataclass(frozen=True)
class Recording:
    """Frames of one file, still or video.

    Args:
        frames: Grey frames (t, h, w), uint8; a still has one.
        times_s: Time of each frame in seconds from the first, strictly increasing.
        scan_region: The scan's rectangle where the file itself states a valid one, else None.
        pixel_spacing_mm: Height and width of one pixel, where the file states them.
        warnings: Sentences about what was unusual and how it was read.
    """

    frames: Frames
    times_s: npt.NDArray[np.float64]
    scan_region: Box | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    warnings: tuple[str, ...] = ()

    @property
    def is_still(self) -> bool:
        """Whether there is one frame only."""
        return len(self.frames) == 1

    @property
    def frame_rate_hz(self) -> float | None:
        """Mean frame rate, None for a still."""
        if self.is_still:
            return None
        return float((len(self.frames) - 1) / (self.times_s[-1] - self.times_s[0]))
