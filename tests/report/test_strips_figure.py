"""Film strips as a figure."""

import io

import numpy as np
from PIL import Image

from sonoloop.report.strips_figure import DOTS_PER_INCH, FRAME_INCHES, Strip, strips_figure


def _clip(level: int) -> np.ndarray:
    """Return a clip whose frame n has the grey level ``level`` + n."""
    return np.stack([np.full((20, 20), level + frame, np.uint8) for frame in range(16)])


def test_first_and_last_frame_of_every_clip_are_shown() -> None:
    """Each with its own grey level, row by row, on white."""
    strips = [Strip("one", _clip(40)), Strip("two", _clip(120), begins=True)]
    picture = Image.open(io.BytesIO(strips_figure("T", strips)))
    levels = np.asarray(picture.convert("L"))
    side = round(FRAME_INCHES * DOTS_PER_INCH)
    for row, level in ((-side - side // 2 - 20, 40), (-side // 2, 120)):
        line = levels[row]
        assert level in line
        assert level + 15 in line
        assert line[-side // 2] == level + 15
    assert levels[3, 3] == 255


def test_clips_of_fewer_frames_are_shown_whole() -> None:
    """Two frames make two columns."""
    picture = Image.open(io.BytesIO(strips_figure("T", [Strip("one", _clip(40)[:2])])))
    assert picture.width < 4 * FRAME_INCHES * DOTS_PER_INCH
