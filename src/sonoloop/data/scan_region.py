"""Find the scan among what a screen shows, from the pixels, and remove the rest.

The scan moves or is speckled; frame, logo, text and scale are constant and thin. Pixels that
change over time (in a still: that differ from their neighbours) are gathered, thin structures
are removed by a morphological opening, and the convex hull of the largest pieces is the scan:
linear and sector scans are convex but for the short arc under a curved probe.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.spatial import ConvexHull

from sonoloop.data.recording import Box, Frames, Recording
from sonoloop.errors import UnreadableFileError

Mask = npt.NDArray[np.bool_]

WORKING_SIDE = 400
"""Frames are searched at no more than this many pixels a side."""

MAX_SAMPLED_FRAMES = 24
"""Frames, evenly over the recording, that are searched for change."""

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

MAX_DIM_LEVEL = 110
MAX_FLAT_CORNER_SHARE = 0.5
"""A corner beside the hull with nothing brighter and less flat area is scan in shadow, not text."""

MIN_REGION_SHARE = 0.02
"""A scan fills at least this share of the picture."""

FULL_SHARE = 0.985
"""A hull that fills this share of its box is taken as the whole box (linear probes)."""


@dataclass(frozen=True)
class CleanedRecording:
    """Frames with nothing but the scan.

    Args:
        frames: Grey frames (t, box height, box width), black outside the scan.
        box: Where they lie in the recording's frames.
        warnings: The recording's own and what the search adds.
    """

    frames: Frames
    box: Box
    warnings: tuple[str, ...] = ()


def find_scan_region(frames: Frames, *, path: Path | None = None) -> Box:
    """Find the rectangle around the scan.

    Args:
        frames: Grey frames (t, h, w); one for a still.
        path: The file, for the message.

    Returns:
        The smallest rectangle that holds the scan.

    Raises:
        UnreadableFileError: If nothing in the frames moves or is textured.
    """
    return _box(find_scan_mask(frames, path=path))


def clean_frames(recording: Recording, *, path: Path | None = None) -> CleanedRecording:
    """Crop to the scan and blacken what is not scan: text, logos, scales, frames.

    Args:
        recording: As read. Where the file itself states a region, that is the rectangle and the
            pixels decide only what is blackened in it.
        path: The file, for the message.

    Returns:
        The cropped frames, a copy.

    Raises:
        UnreadableFileError: If nothing in the frames moves or is textured.
    """
    frames, stated = recording.frames, recording.scan_region
    if stated is not None:
        frames = frames[:, stated.top : stated.bottom, stated.left : stated.right]
    mask = find_scan_mask(frames, path=path)
    found = _box(mask)
    box = Box(0, 0, *mask.shape) if stated is not None else found
    rows, columns = slice(box.top, box.bottom), slice(box.left, box.right)
    inside = mask[rows, columns]
    cropped = frames[:, rows, columns]
    cleaned = cropped.copy() if inside.all() else cropped * inside.astype(np.uint8)
    if stated is not None:
        box = stated
    return CleanedRecording(cleaned, box, recording.warnings)


def find_scan_mask(frames: Frames, *, path: Path | None = None) -> Mask:
    """Find the pixels of the scan.

    Args:
        frames: Grey frames (t, h, w); one for a still.
        path: The file, for the message.

    Returns:
        True inside the scan (h, w): one convex area.

    Raises:
        UnreadableFileError: If nothing in the frames moves or is textured.
    """
    height, width = frames.shape[1:]
    step = -(-max(height, width) // WORKING_SIDE)
    sampled = _sample(frames)
    pieces = _scan_pieces(sampled, step)
    if pieces.mean() < MIN_REGION_SHARE:
        level = f"all pixels lie between {frames.min()} and {frames.max()}"
        reason = f"no scan is found in it ({level}): nothing moves and nothing is textured"
        raise UnreadableFileError(path or "the recording", reason)
    mask = _hull(pieces, step, (height, width))
    box = _box(mask)
    inside = mask[box.top : box.bottom, box.left : box.right]
    inside |= _dim_corners(sampled[:, box.top : box.bottom, box.left : box.right], inside)
    if inside.mean() >= FULL_SHARE:
        inside[:] = True
    return mask


def _sample(frames: Frames) -> Frames:
    num_sampled = min(len(frames), MAX_SAMPLED_FRAMES)
    indices = np.linspace(0, len(frames) - 1, num_sampled).round().astype(int)
    sampled: Frames = frames[indices]
    return sampled


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


def _scan_pieces(frames: Frames, step: int) -> Mask:
    """Gather what moves and what is textured, by pieces, at every ``step``-th pixel."""
    still = frames[len(frames) // 2, ::step, ::step]
    dense = _without_thin_parts(_off_flat_levels(still))
    # At a straight edge half of the window is scan: the density falls short before it.
    margin = round((MIN_DENSITY - 0.5) * DENSITY_SIDE)
    textured = _grow(dense, margin)
    if len(frames) >= MIN_MOVING_FRAMES:
        # Blocks of twice the step: their means are free of codec noise.
        change = np.ptp(_average_down(frames, 2 * step), axis=0)
        coarse = _without_thin_parts(change >= MIN_CHANGE)
        moving = coarse.repeat(2, axis=0).repeat(2, axis=1)[: dense.shape[0], : dense.shape[1]]
        if moving.mean() >= MIN_MOVING_SHARE:
            return _large_pieces(moving | textured, MIN_PIECE_SHARE, moving)
    return _large_pieces(textured, MIN_STILL_PIECE_SHARE, textured)


def _dim_corners(frames: Frames, inside: Mask) -> Mask:
    """Mark the parts beside the hull that are dim scan: noisy, and without anything bright."""
    brightest = frames.max(axis=0)
    flat = _is_flat(brightest)
    # The rim is left out: the hull follows the scan to within a few pixels.
    labels, num_corners = ndimage.label(_shrink(~inside, 3))
    if num_corners == 0:
        return np.zeros_like(inside)
    corners = np.arange(num_corners + 1)
    is_dim = np.asarray(ndimage.maximum(brightest, labels, corners)) <= MAX_DIM_LEVEL
    is_noisy = np.asarray(ndimage.mean(flat, labels, corners)) <= MAX_FLAT_CORNER_SHARE
    kept: Mask = (is_dim & is_noisy & (corners > 0))[labels]
    return _grow(kept, 4) if kept.any() else kept


def _is_flat(still: npt.NDArray[np.uint8]) -> Mask:
    """Mark pixels that equal their neighbours to within one level."""
    spread = ndimage.maximum_filter(still, size=3) - ndimage.minimum_filter(still, size=3)
    flat: Mask = spread <= 1
    return flat


def _off_flat_levels(still: npt.NDArray[np.uint8]) -> Mask:
    """Mark where most pixels differ from the grey levels of background and panels.

    Text is thin strokes on such a level, so that few pixels around it differ; speckle has all
    levels.
    """
    counts = np.bincount(still[_is_flat(still)], minlength=256)
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
    filled = _fill_holes(_shrink(_grow(padded, 1), 1))
    opened = _grow(_shrink(filled, radius), radius)
    # The square cuts slanted corners off: what is connected within one more radius comes back.
    restored = filled & _grow(opened, radius)
    return restored[radius:-radius, radius:-radius]


def _grow(mask: Mask, radius: int) -> Mask:
    """Dilate by a square of ``radius`` to each side (separable: faster than any disc)."""
    grown: Mask = ndimage.maximum_filter(mask.view(np.uint8), size=2 * radius + 1).view(np.bool_)
    return grown


def _shrink(mask: Mask, radius: int) -> Mask:
    """Erode by a square of ``radius`` to each side; the picture's edge is no edge of the mask."""
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


def _hull(pieces: Mask, step: int, shape: tuple[int, int]) -> Mask:
    """Draw the convex hull of the pieces at full size."""
    height, width = shape
    edge = pieces & ~ndimage.minimum_filter(pieces, size=3, mode="constant")
    rows, columns = np.nonzero(edge)
    corners = np.concatenate(
        [np.column_stack((columns + dx, rows + dy)) for dx in (0, 1) for dy in (0, 1)]
    )
    hull = corners[ConvexHull(corners).vertices] * step
    image = Image.new("1", (width, height))
    outline = [(float(x) - 0.5, float(y) - 0.5) for x, y in hull]
    ImageDraw.Draw(image).polygon(outline, fill=1, outline=1)
    mask: Mask = np.array(image)
    return mask


def _box(mask: Mask) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
