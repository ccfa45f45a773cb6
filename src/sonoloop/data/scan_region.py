"""Find the scan among what a screen shows, from the pixels, and remove the rest.

The convex hull of what moves or is textured (``scan_activity``) is the scan: linear and sector
scans are convex but for the short arc under a curved probe.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.spatial import ConvexHull

from sonoloop.data.recording import Box, Frames, Recording
from sonoloop.data.scan_activity import Mask, flat_pixels, grow, scan_pieces, shrink
from sonoloop.errors import UnreadableFileError

WORKING_SIDE = 400
"""Frames are searched at no more than this many pixels a side."""

MAX_SAMPLED_FRAMES = 24
"""Frames, evenly over the recording, that are searched for change."""

MAX_DIM_LEVEL = 110
MAX_FLAT_CORNER_SHARE = 0.5
"""A corner beside the hull with nothing brighter and less flat area is scan in shadow, not text."""

MIN_REGION_SHARE = 0.02
"""A scan fills at least this share of the picture."""

FULL_SHARE = 0.995
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
    pieces = scan_pieces(sampled, step)
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


def _dim_corners(frames: Frames, inside: Mask) -> Mask:
    """Mark the parts beside the hull that are dim scan: noisy, and without anything bright."""
    brightest = frames.max(axis=0)
    flat = flat_pixels(brightest)
    # The rim is left out: the hull follows the scan to within a few pixels.
    labels, num_corners = ndimage.label(shrink(~inside, 3))
    if num_corners == 0:
        return np.zeros_like(inside)
    corners = np.arange(num_corners + 1)
    is_dim = np.asarray(ndimage.maximum(brightest, labels, corners)) <= MAX_DIM_LEVEL
    is_noisy = np.asarray(ndimage.mean(flat, labels, corners)) <= MAX_FLAT_CORNER_SHARE
    kept: Mask = (is_dim & is_noisy & (corners > 0))[labels]
    return grow(kept, 4) if kept.any() else kept


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
