"""All loops of a still on one picture: a row per loop, time from left to right."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sonoloop.atomic_files import write_atomically
from sonoloop.data.recording import Frames
from sonoloop.synthesis.provenance import PROVENANCE_KEY, Provenance

GAP_PX = 4
FRAMES_SHOWN = 6
LARGEST_FRAME_PX = 320
"""Longest side of one frame on the strip."""


def film_strip(clips: Sequence[Frames], *, frames_shown: int = FRAMES_SHOWN) -> Frames:
    """Lay frames spread evenly over each loop side by side, the first and the last among them.

    Args:
        clips: Loops of one size, each (t, h, w).
        frames_shown: Columns; fewer where a loop is shorter.

    Returns:
        One picture (1, H, W), white between the frames.
    """
    shown = min(frames_shown, *(len(clip) for clip in clips))
    height, width = clips[0].shape[1:]
    shrink = min(1.0, LARGEST_FRAME_PX / max(height, width))
    height, width = max(1, round(height * shrink)), max(1, round(width * shrink))
    strip = np.full(
        (
            1,
            len(clips) * (height + GAP_PX) - GAP_PX,
            shown * (width + GAP_PX) - GAP_PX,
        ),
        255,
        dtype=np.uint8,
    )
    for row, clip in enumerate(clips):
        indices = np.linspace(0, len(clip) - 1, shown).round().astype(int)
        for column, frame_index in enumerate(indices):
            image = Image.fromarray(clip[frame_index]).resize((width, height), Image.Resampling.BOX)
            top, left = row * (height + GAP_PX), column * (width + GAP_PX)
            strip[0, top : top + height, left : left + width] = np.asarray(image)
    return strip


def write_film_strip(path: Path, clips: Sequence[Frames], *, provenance: Provenance) -> None:
    """Write the film strip as png, with the provenance of its first loop in a text chunk.

    Args:
        path: Where to write.
        clips: Loops of one size, each (t, h, w).
        provenance: Of the first loop.
    """
    text = PngInfo()
    text.add_text(PROVENANCE_KEY, provenance.to_json())
    buffer = io.BytesIO()
    Image.fromarray(film_strip(clips)[0]).save(buffer, format="PNG", pnginfo=text)
    write_atomically(path, buffer.getvalue())
