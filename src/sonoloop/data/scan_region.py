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

WORKING_SIDE = 320
"""Frames are averaged down to at most this many pixels a side before the search."""

MAX_SAMPLED_FRAMES = 24
"""Frames, evenly over the recording, that are searched for change."""

MIN_MOVING_FRAMES = 4
"""With fewer frames a recording is searched like a still."""

MIN_CHANGE = 5.0
"""Grey levels between darkest and brightest moment above which a pixel moves (codec noise)."""

MIN_TEXTURE = 6.0
"""Grey levels between neighbours above which a pixel of a still is textured."""

MIN_MOVING_SHARE = 0.02
"""Share of moving pixels below which a video counts as frozen and is searched like a still."""

MIN_PIECE_SHARE = 0.1
"""Pieces of at least this share of the largest belong to the scan (shadows split it)."""

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
    small = _average_down(_sample(frames), step)
    active = _active_pixels(small)
    pieces = _large_pieces(active)
    if pieces.mean() < MIN_REGION_SHARE:
        level = f"all pixels lie between {frames.min()} and {frames.max()}"
        reason = f"no scan is found in it ({level}): nothing moves and nothing is textured"
        raise UnreadableFileError(path or "the recording", reason)
    return _hull(pieces, step, (height, width))


def _sample(frames: Frames) -> Frames:
    num_sampled = min(len(frames), MAX_SAMPLED_FRAMES)
    indices = np.linspace(0, len(frames) - 1, num_sampled).round().astype(int)
    sampled: Frames = frames[indices]
    return sampled


def _average_down(frames: Frames, step: int) -> npt.NDArray[np.float32]:
    """Mean over blocks of ``step`` x ``step`` pixels; the last ones are filled by the edge."""
    if step == 1:
        return frames.astype(np.float32)
    height, width = frames.shape[1:]
    padding = ((0, 0), (0, -height % step), (0, -width % step))
    padded = np.pad(frames, padding, mode="edge")
    blocks = padded.reshape(len(frames), -(-height // step), step, -(-width // step), step)
    means: npt.NDArray[np.float32] = blocks.mean(axis=(2, 4), dtype=np.float32)
    return means


def _active_pixels(frames: npt.NDArray[np.float32]) -> Mask:
    """Mark what moves; in stills and frozen videos what is textured."""
    if len(frames) >= MIN_MOVING_FRAMES:
        smooth = ndimage.uniform_filter(frames, size=(1, 3, 3))
        moving: Mask = np.ptp(smooth, axis=0) >= MIN_CHANGE
        if moving.mean() >= MIN_MOVING_SHARE:
            return moving
    still = frames.mean(axis=0)
    spread = ndimage.maximum_filter(still, size=5) - ndimage.minimum_filter(still, size=5)
    # The window of 5 reaches 2 pixels out of the scan.
    textured: Mask = ndimage.binary_erosion(
        spread >= MIN_TEXTURE, structure=np.ones((5, 5), dtype=bool), border_value=1
    )
    return textured


def _large_pieces(active: Mask) -> Mask:
    """Drop thin structures (text, rulers, frames) and small pieces."""
    radius = max(2, round(max(active.shape) / 80))
    disc = _disc(radius)
    closed = ndimage.binary_closing(np.pad(active, radius), structure=_disc(1))
    filled = ndimage.binary_fill_holes(closed)
    opened = ndimage.binary_opening(filled, structure=disc)[radius:-radius, radius:-radius]
    labels, num_pieces = ndimage.label(opened)
    if num_pieces == 0:
        return np.zeros_like(active)
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    large: Mask = (areas >= MIN_PIECE_SHARE * areas.max())[labels]
    return large


def _disc(radius: int) -> Mask:
    rows, columns = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    disc: Mask = rows**2 + columns**2 <= radius**2 + 1
    return disc


def _hull(pieces: Mask, step: int, shape: tuple[int, int]) -> Mask:
    """Draw the convex hull of the pieces at full size."""
    height, width = shape
    edge = pieces & ~ndimage.binary_erosion(pieces)
    rows, columns = np.nonzero(edge)
    corners = np.concatenate(
        [np.column_stack((columns + dx, rows + dy)) for dx in (0, 1) for dy in (0, 1)]
    )
    hull = corners[ConvexHull(corners).vertices] * step
    image = Image.new("1", (width, height))
    outline = [(float(x) - 0.5, float(y) - 0.5) for x, y in hull]
    ImageDraw.Draw(image).polygon(outline, fill=1, outline=1)
    mask: Mask = np.array(image)
    box = _box(mask)
    inside = mask[box.top : box.bottom, box.left : box.right]
    if inside.mean() >= FULL_SHARE:
        inside[:] = True
    return mask


def _box(mask: Mask) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
