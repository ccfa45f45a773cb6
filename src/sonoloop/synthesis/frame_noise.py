"""Noise of a loop's frames: windows that overlap make the same new speckle where they meet.

Were the noise each window's own, the mean of two windows would hold half of its variance, and a
long loop would be calmer than its windows (docs/synthesis.md measures it).
"""

from collections.abc import Callable

import torch

from sonoloop.shapes import Clip


class FrameNoise:
    """Draws the noise of every frame once, when the first window that covers it asks.

    Args:
        draw: Draws the noise of so many further frames; None where no speckle is made.
        window_frames: Frames of a window.
    """

    def __init__(self, draw: Callable[[int], Clip | None], window_frames: int) -> None:
        """Begin before the first frame."""
        self._draw = draw
        self._window_frames = window_frames
        self._start = 0
        self._noise: Clip | None = None

    def of_window(self, start: int) -> Clip | None:
        """Return the noise of the frames of one window; None where there is none.

        Args:
            start: The window's first frame, not before that of the last window, nor behind its end.

        Raises:
            ValueError: If the window lies elsewhere.
        """
        end = self._start + self._window_frames
        if self._noise is None:
            fresh, kept = self._window_frames, None
        elif self._start <= start <= end:
            fresh, kept = start - self._start, self._noise[:, :, start - self._start :]
        else:
            msg = f"windows must follow one another: got {start} behind {self._start} to {end}"
            raise ValueError(msg)
        parts = [kept] if kept is not None else []
        if fresh:
            drawn = self._draw(fresh)
            if drawn is None:
                return None
            parts.append(drawn)
        self._start, self._noise = start, torch.cat(parts, dim=2)
        return self._noise
