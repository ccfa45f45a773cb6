"""A still of any origin, made ready for the model as ``data prepare`` makes first frames."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from sonoloop.data.letterbox import Letterbox
from sonoloop.data.reading import ReadRecording, read_recording
from sonoloop.data.recording import Box, Frames, Recording
from sonoloop.data.scan_region import clean_frames
from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.synthesis.seeds import pixels_sha256

SMALLEST_SIDE_PX: Final = 16
"""Shortest side of a scan region that can show anatomy."""
OPENING_FRAMES: Final = 24
"""Of a video, the first of these frames that shows something is the still; all of them tell where
the scan is, by what moves."""
LUMA: Final = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""
GREY_MODES: Final = {"L", "F", "I", "I;16"}
"""Modes of Pillow images without colour; the others are converted to RGB."""
IN_MEMORY: Final = "image in memory"

StillSource = Path | str | npt.NDArray[Any] | Image.Image
"""What a still may be given as."""


@dataclass(frozen=True)
class Still:
    """One still, cleaned, at its own size and at the model's.

    Args:
        name: Where it came from.
        height: Rows of the whole picture as given.
        width: Columns of the whole picture as given.
        region: The scan within it.
        pixels: The cleaned scan region (1, h, w).
        letterbox: How the region fits into the model's square.
        first_frame: The region at the model's size (1, size, size).
        sha256: Hash of ``pixels``: the still's identity for seeds.
        pixel_spacing_mm: Height and width of one pixel, where the file states them.
        warnings: What was unusual and how it was read.
    """

    name: str
    height: int
    width: int
    region: Box
    pixels: Frames
    letterbox: Letterbox
    first_frame: Frames
    sha256: str
    pixel_spacing_mm: tuple[float, float] | None
    warnings: tuple[str, ...]

    def on_canvas(self, frames: Frames) -> Frames:
        """Put frames of the scan region back to their place in the picture, black around them.

        Args:
            frames: Frames of the size of ``pixels`` (t, h, w).
        """
        top, left, bottom, right = self.region
        canvas = np.zeros((len(frames), self.height, self.width), dtype=np.uint8)
        canvas[:, top:bottom, left:right] = frames
        return canvas


def open_still(source: StillSource, *, size: int, read: ReadRecording = read_recording) -> Still:
    """Read a still, find its scan, clean it and fit it into the model's square.

    Args:
        source: File (of a video or multi-frame DICOM the first frame that shows something), grey
            or RGB array of uint8 or of floats in [0, 1], or Pillow image.
        size: Side of the model's square in pixels.
        read: Reads files. The default trusts them: a codec that crashes ends the program.
            ``sonoloop.data.limited_reading.LimitedReader`` trusts none.

    Returns:
        The still at its own size and at the model's.

    Raises:
        UnreadableFileError: If the file cannot be read or shows nothing.
        UsageError: If an array has a shape, type or values that are no image.
    """
    if isinstance(source, Path | str):
        path = Path(source)
        recording = read(path, max_frames=OPENING_FRAMES)
        return _prepare(recording, name=str(source), size=size)
    if isinstance(source, Image.Image) and source.mode not in GREY_MODES:
        source = source.convert("RGB")
    pixels = _grey(np.asarray(source))
    recording = Recording(frames=pixels[None], times_s=np.zeros(1))
    return _prepare(recording, name=IN_MEMORY, size=size)


def _prepare(recording: Recording, *, name: str, size: int) -> Still:
    shows = np.ptp(recording.frames.reshape(len(recording.frames), -1), axis=1) > 0
    number = int(shows.argmax())
    skipped = f"its first {number} frames show nothing; frame {number + 1} is the still"
    opening = Recording(
        frames=recording.frames[number:],
        times_s=recording.times_s[number:] - recording.times_s[number],
        scan_region=recording.scan_region,
        pixel_spacing_mm=recording.pixel_spacing_mm,
        warnings=(*recording.warnings, skipped) if number else recording.warnings,
    )
    height, width = opening.frames.shape[1:]
    if min(height, width) < SMALLEST_SIDE_PX:
        reason = f"is {width}x{height} pixels; give at least {SMALLEST_SIDE_PX} a side"
        raise UnreadableFileError(name, reason)
    if not shows.any():
        reason = f"shows nothing: every pixel has the grey level {opening.frames.min()}"
        raise UnreadableFileError(name, reason)
    cleaned = clean_frames(opening, path=Path(name))
    pixels = cleaned.frames[:1]
    region_height, region_width = pixels.shape[1:]
    if min(region_height, region_width) < SMALLEST_SIDE_PX:
        reason = (
            f"has a scan of {region_width}x{region_height} pixels; "
            f"give at least {SMALLEST_SIDE_PX} a side"
        )
        raise UnreadableFileError(name, reason)
    letterbox = Letterbox.fit(region_height, region_width, size)
    return Still(
        name=name,
        height=height,
        width=width,
        region=cleaned.box,
        pixels=pixels,
        letterbox=letterbox,
        first_frame=letterbox.apply(pixels),
        sha256=pixels_sha256(pixels),
        pixel_spacing_mm=opening.pixel_spacing_mm,
        warnings=cleaned.warnings,
    )


def _grey(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Turn grey, RGB or RGBA of uint8 or of floats in [0, 1] into grey uint8."""
    coloured = array.ndim == 3 and array.shape[2] in {3, 4}  # noqa: PLR2004 - RGB or RGBA
    if array.ndim != 2 and not coloured:  # noqa: PLR2004 - a grey picture has two axes
        msg = f"an image must have the shape (h, w) or (h, w, 3), got {array.shape}"
        raise UsageError(msg)
    if np.issubdtype(array.dtype, np.floating):
        if not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
            msg = (
                "an image of floats must be finite and within [0, 1], "
                f"got {np.min(array):g} to {np.max(array):g}; scale it or convert it to uint8"
            )
            raise UsageError(msg)
        array = array * 255.0
    elif array.dtype != np.uint8:
        msg = f"an image must be uint8 or float in [0, 1], got {array.dtype}; convert it to uint8"
        raise UsageError(msg)
    if coloured:
        array = array[..., :3] @ np.asarray(LUMA)
    grey: npt.NDArray[np.uint8] = np.rint(array).astype(np.uint8)
    return grey
