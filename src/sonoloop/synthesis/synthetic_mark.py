"""The visible word SYNTHETIC on everything that is made for eyes."""

from functools import lru_cache

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image, ImageDraw, ImageFont

from sonoloop.data.recording import Frames

MARK_TEXT = "SYNTHETIC"
LETTER_HEIGHT = 1 / 28
"""Size of the letters as a share of the shorter side of the picture."""
SMALLEST_LETTERS_PX = 8
LARGEST_SHARE = 0.9
"""The mark never takes more than this share of the width."""
BACKGROUND = 0.35
"""What remains of the picture's brightness behind the letters."""


def mark_synthetic(frames: Frames) -> Frames:
    """Write SYNTHETIC into the darkest corner of the first frame, at that place in all frames.

    Args:
        frames: Grey frames (t, h, w).

    Returns:
        Marked copy; unchanged where the picture is too small for a single legible word.
    """
    height, width = frames.shape[1:]
    mask = _letters(max(SMALLEST_LETTERS_PX, round(min(height, width) * LETTER_HEIGHT)))
    mark_height, mark_width = mask.shape
    if mark_width > LARGEST_SHARE * width or mark_height > LARGEST_SHARE * height:
        shrink = min(LARGEST_SHARE * width / mark_width, LARGEST_SHARE * height / mark_height)
        mask = _resize(mask, shrink)
        mark_height, mark_width = mask.shape
    margin = max(0, min(mark_height // 3, (width - mark_width) // 2, (height - mark_height) // 2))
    rows = (height - mark_height - margin, margin)
    columns = (width - mark_width - margin, margin)
    corners = [(row, column) for row in rows for column in columns]

    def brightness(corner: tuple[int, int]) -> float:
        row, column = corner
        return float(frames[0, row : row + mark_height, column : column + mark_width].mean())

    row, column = min(corners, key=brightness)
    marked = frames.copy()
    patch = marked[:, row : row + mark_height, column : column + mark_width]
    letters = mask.astype(np.float32) / 255
    blended = patch * BACKGROUND * (1 - letters) + 255 * letters
    patch[...] = np.rint(blended).astype(np.uint8)
    return marked


@lru_cache(maxsize=8)
def _letters(size_px: int) -> UInt8[ndarray, "h w"]:
    """Draw the word white on black, tightly cropped with a small rim."""
    font = ImageFont.load_default(size=size_px)
    left, top, right, bottom = (round(edge) for edge in font.getbbox(MARK_TEXT))
    rim = max(1, size_px // 5)
    image = Image.new("L", (right - left + 2 * rim, bottom - top + 2 * rim))
    ImageDraw.Draw(image).text((rim - left, rim - top), MARK_TEXT, fill=255, font=font)
    return np.asarray(image)


def _resize(mask: UInt8[ndarray, "h w"], factor: float) -> UInt8[ndarray, "H W"]:
    """Shrink the letters for a picture narrower than they are."""
    height, width = (max(1, int(side * factor)) for side in mask.shape)
    return np.asarray(Image.fromarray(mask).resize((width, height), Image.Resampling.BOX))
