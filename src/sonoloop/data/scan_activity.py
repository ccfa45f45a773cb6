"""Find which pixels of a screen behave like a scan: they move, or they are speckled.

Frame, logo, text and scale are constant and thin; panels are constant and flat. Pixels that change
over time (in a still: that differ from the flat grey levels) are gathered, thin structures are
removed by a morphological opening, and the large pieces are kept.
"""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from sonoloop.data.recording import Frames

Mask = npt.NDArray[np.bool_]

MIN_MOVING_FRAMES = 4
"""With fewer frames a recording is searched like a still."""

MIN_CHANGE = 3.0
"""Grey levels between darkest and brightest moment above which a pixel moves (codec noise)."""

MIN_MOVING_SHARE = 0.02
"""Share of moving pixels below which a video counts as frozen and is searched like a still."""

MIN_FLAT_SHARE = 0.03
"""A grey level whose flat areas fill this share of the picture is background or a panel."""

LEVEL_TOLERANCE = 3
"""Grey levels around a flat level that codecs make of it."""

MIN_LETTER_LEVEL = 250
"""Letters are white; what little of a scan is as bright lies inside it."""

DENSITY_SIDE = 9
MIN_DENSITY = 0.75
"""Share of pixels off the flat levels, in a window, from which it is scan: letters have less."""

MIN_PIECE_SHARE = 0.1
"""Pieces of at least this share of the largest belong to a moving scan (shadows split it)."""

MIN_STILL_PIECE_SHARE = 0.25
"""The same in a still, where a panel or a picture beside the scan is harder to tell."""

MIN_MOVING_PIECE_SHARE = 0.2
"""Share of a piece that must move in a video."""

OPENING_SHARE = 0.016
"""Radius, as a share of the longer side, below which structures are text, rulers and frames."""


def scan_pieces(frames: Frames, step: int) -> Mask:
    """Gather what moves and what is textured, by pieces.

    Args:
        frames: Grey frames (t, h, w); with fewer than 4, or with hardly any motion, only the
            texture of the middle one counts.
        step: Every how many pixels to look, at least 1.

    Returns:
        True on the pieces (h / step, w / step, rounded up).
    """
    still = frames[len(frames) // 2, ::step, ::step]
    dense = _without_thin_parts(_off_flat_levels(still))
    # At a straight edge half of the window is scan: the density falls short before it.
    margin = round((MIN_DENSITY - 0.5) * DENSITY_SIDE)
    textured = grow(dense, margin)
    if len(frames) >= MIN_MOVING_FRAMES:
        # Blocks of twice the step: their means are free of codec noise.
        change = np.ptp(_average_down(frames, 2 * step), axis=0)
        coarse = _without_thin_parts(change >= MIN_CHANGE)
        moving = coarse.repeat(2, axis=0).repeat(2, axis=1)[: dense.shape[0], : dense.shape[1]]
        if moving.mean() >= MIN_MOVING_SHARE:
            return _large_pieces(moving | textured, MIN_PIECE_SHARE, moving)
    return _large_pieces(textured, MIN_STILL_PIECE_SHARE, textured)


def _average_down(frames: Frames, step: int) -> npt.NDArray[np.float32]:
    """Mean over blocks of ``step`` x ``step`` pixels; the last ones are filled by the edge."""
    height, width = frames.shape[1:]
    padding = ((0, 0), (0, -height % step), (0, -width % step))
    padded = np.pad(frames, padding, mode="edge")
    total = padded[:, ::step, ::step].astype(np.float32)
    for row, column in list(np.ndindex(step, step))[1:]:
        total += padded[:, row::step, column::step]
    means: npt.NDArray[np.float32] = total / np.float32(step**2)
    return means


def flat_pixels(still: npt.NDArray[np.uint8]) -> Mask:
    """Mark pixels that equal their neighbours to within one level.

    Args:
        still: One grey frame (h, w).

    Returns:
        True where flat (h, w).
    """
    spread = ndimage.maximum_filter(still, size=3) - ndimage.minimum_filter(still, size=3)
    flat: Mask = spread <= 1
    return flat


def _off_flat_levels(still: npt.NDArray[np.uint8]) -> Mask:
    """Mark where most pixels differ from the grey levels of background and panels.

    Text is thin strokes on such a level, so that few pixels around it differ; speckle has all
    levels.
    """
    counts = np.bincount(still[flat_pixels(still)], minlength=256)
    near = np.arange(256) >= MIN_LETTER_LEVEL
    for level in np.flatnonzero(counts >= MIN_FLAT_SHARE * still.size):
        near[max(0, level - LEVEL_TOLERANCE) : level + LEVEL_TOLERANCE + 1] = True
    off = (~near[still]).astype(np.float32)
    dense: Mask = ndimage.uniform_filter(off, size=DENSITY_SIDE, mode="nearest") >= MIN_DENSITY
    return dense


def _without_thin_parts(active: Mask) -> Mask:
    """Fill holes, then drop what a square does not fit into: text, rulers, frames."""
    radius = max(2, round(max(active.shape) * OPENING_SHARE))
    padded = np.pad(active, radius, mode="edge")
    filled = _fill_holes(shrink(grow(padded, 1), 1))
    opened = grow(shrink(filled, radius), radius)
    # The square cuts slanted corners off: what is connected within one more radius comes back.
    restored = filled & grow(opened, radius)
    return restored[radius:-radius, radius:-radius]


def grow(mask: Mask, radius: int) -> Mask:
    """Dilate by a square, which is separable and so faster than any disc.

    Args:
        mask: Any mask (h, w).
        radius: Pixels to each side.

    Returns:
        The larger mask.
    """
    grown: Mask = ndimage.maximum_filter(mask.view(np.uint8), size=2 * radius + 1).view(np.bool_)
    return grown


def shrink(mask: Mask, radius: int) -> Mask:
    """Erode by a square; the picture's edge is no edge of the mask.

    Args:
        mask: Any mask (h, w).
        radius: Pixels to each side.

    Returns:
        The smaller mask.
    """
    shrunk: Mask = ndimage.minimum_filter(mask.view(np.uint8), size=2 * radius + 1).view(np.bool_)
    return shrunk


def _fill_holes(mask: Mask) -> Mask:
    """Fill what is cut off from the picture's edge."""
    labels, num_parts = ndimage.label(~mask)
    is_open = np.zeros(num_parts + 1, dtype=bool)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        is_open[edge] = True
    is_open[0] = False
    filled: Mask = ~is_open[labels]
    return filled


def _large_pieces(active: Mask, min_share: float, moving: Mask) -> Mask:
    """Keep connected pieces that are large and, in a video, move."""
    labels, num_pieces = ndimage.label(active)
    if num_pieces == 0:
        return np.zeros_like(active)
    areas = np.bincount(labels.ravel(), minlength=num_pieces + 1)
    areas[0] = 0
    moving_areas = np.bincount(labels[moving], minlength=num_pieces + 1)
    areas[moving_areas < MIN_MOVING_PIECE_SHARE * areas] = 0
    kept: Mask = (areas >= max(1, min_share * areas.max()))[labels]
    return kept
