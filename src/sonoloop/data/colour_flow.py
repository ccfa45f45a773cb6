"""Which frames show colour Doppler: patches of colour on a grey scan.

Header attributes do not tell: UltrasoundColorDataPresent is set wherever pixels are stored in
colour, and a region of type Color Flow belongs to all frames.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from sonoloop.data.recording import Box

MIN_CHROMA: Final = 48
"""Largest minus smallest of red, green and blue from which a pixel counts as coloured."""

MIN_BRIGHT: Final = 60
MIN_SHARE: Final = 0.003
"""Of the scan's pixels. Thin lines and letters vanish in the erosion and do not count."""

TINT_SHARE: Final = 0.7
"""Where more of the bright pixels are coloured, the whole scan is tinted."""


def shows_colour_flow(pixels: npt.NDArray[np.uint8], region: Box | None = None) -> bool:
    """Tell whether a frame has patches of colour.

    Args:
        pixels: Red, green, blue (h, w, 3).
        region: The scan's rectangle; None looks at the whole picture, where a colour bar counts.
    """
    if region is not None:
        pixels = pixels[region.top : region.bottom, region.left : region.right]
    brightest = pixels.max(2)
    coloured = brightest - pixels.min(2) >= MIN_CHROMA
    if coloured.mean() < MIN_SHARE or coloured.sum() > TINT_SHARE * (brightest > MIN_BRIGHT).sum():
        return False
    patches = ndimage.binary_erosion(coloured, np.ones((3, 3), bool))
    return bool(patches.mean() >= MIN_SHARE)
