"""Clips as film strips one below the other, named at the left: the figures that papers show."""

import io
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

FRAMES_SHOWN: Final = 6
FRAME_INCHES: Final = 1.1
LABEL_INCHES: Final = 1.3
TITLE_INCHES: Final = 0.5
DOTS_PER_INCH: Final = 150


class Strip(NamedTuple):
    """One row of a figure.

    Args:
        name: Whose clip it is.
        frames: Grey levels (t, h, w), uint8.
        begins: Whether a still begins here: a gap is left above it.
    """

    name: str
    frames: np.ndarray
    begins: bool = False


def strips_figure(title: str, strips: Sequence[Strip]) -> bytes:
    """Draw frames spread evenly over each clip, the first and the last among them.

    Args:
        title: Stands on top, with the frame numbers below it.
        strips: From top to bottom, at least one; all have as many frames as the first.

    Returns:
        A PNG.
    """
    length = len(strips[0].frames)
    shown = np.linspace(0, length - 1, min(FRAMES_SHOWN, length)).round().astype(int)
    heights = [1.0 + 0.15 * strip.begins for strip in strips]
    size = (
        LABEL_INCHES + FRAME_INCHES * len(shown),
        TITLE_INCHES + FRAME_INCHES * sum(heights),
    )
    figure = Figure(figsize=size, facecolor="white")
    width = FRAME_INCHES / size[0]
    top = 1 - TITLE_INCHES / size[1]
    figure.text(0.01, 1 - 0.15 / size[1], title, fontsize=10, va="top")
    for column, frame in enumerate(shown.tolist()):
        left = (LABEL_INCHES + FRAME_INCHES * (column + 0.5)) / size[0]
        figure.text(left, top, f"frame {frame}", fontsize=7, ha="center", va="bottom")
    for strip, height in zip(strips, heights, strict=True):
        top -= height * FRAME_INCHES / size[1]
        middle = top + 0.5 * FRAME_INCHES / size[1]
        figure.text(0.01, middle, strip.name, fontsize=8, va="center")
        for column, frame in enumerate(shown.tolist()):
            left = (LABEL_INCHES + FRAME_INCHES * column) / size[0]
            box = (left, top, 0.98 * width, 0.98 * FRAME_INCHES / size[1])
            axes = figure.add_axes(box)
            axes.imshow(strip.frames[frame], cmap="gray", vmin=0, vmax=255)
            axes.set_axis_off()
    FigureCanvasAgg(figure)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DOTS_PER_INCH)
    return content.getvalue()
