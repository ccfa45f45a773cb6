"""Read png, jpg, tif, webp and bmp stills as grey frames; 16-bit and float values are scaled."""

import io
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image, ImageOps, UnidentifiedImageError

from sonoloop.data.pixel_limits import check_frame_size
from sonoloop.data.recording import Frames, Recording
from sonoloop.errors import UnreadableFileError

STILL_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp"})

STILL_FORMATS = ("PNG", "JPEG", "JPEG2000", "TIFF", "WEBP", "BMP", "DIB", "GIF")
"""What Pillow may find in a file whatever its name; for others, such as PostScript, it would start
another program."""

STRIP_ROWS = 256
"""Rows of a transparent picture that are put on black together."""

LUMA_WEIGHTS = (0.299, 0.587, 0.114)
"""Grey from red, green and blue: ITU-R BT.601, as in Pillow and in video files."""

SCALING_PERCENTILES = (0.1, 99.9)
"""Values of deep pictures that become 0 and 255: a few hot pixels do not darken the rest."""

_BITS_PER_SAMPLE = 258  # TIFF 6.0, section 8
_BITS_OF_UINT8 = 8
_DEEP_MODES = ("I", "F")
_MAX_8_BIT = 255


class _BoundedFile(io.BufferedReader):
    """A file that takes no memory for more than it holds, however much it is asked for.

    Python reserves what is asked for before it reads, and Pillow asks for as much as a png of 3 kB
    says that its data has: up to 2 GB.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, os.fstat(self.fileno()).st_size - self.tell())
        return super().read(left if size is None or size < 0 else min(size, left))


@contextmanager
def open_picture(source: Path | io.BytesIO) -> Iterator[Image.Image]:
    """Open a picture of a kind in ``STILL_FORMATS``, whatever its name.

    Args:
        source: A file, or content.

    Raises:
        UnidentifiedImageError: If it is of no such kind; other errors, of many types, if it is
            damaged.
    """
    file = _BoundedFile(io.FileIO(source)) if isinstance(source, Path) else source
    with file, Image.open(file, formats=STILL_FORMATS) as image:
        yield image


def read_still(path: Path) -> Recording:
    """Read one picture; of a file with several pages the first.

    Args:
        path: A png, jpg, tif, webp or bmp file.

    Returns:
        One grey frame. Pictures deeper than 8 bits are scaled between their 0.1 and 99.9
        percentiles, and a warning says so.

    Raises:
        UnreadableFileError: If the file is empty, no picture, cut short, too small or too large,
            or holds NaN or infinite values.
    """
    if path.stat().st_size == 0:
        raise UnreadableFileError(path, "the file is empty (0 bytes)")
    pixels, notes = _decode(path)
    if pixels.dtype == np.uint8:
        grey = pixels
    else:
        grey = scale_to_uint8(path, pixels)
        notes += ("values deeper than 8 bits are scaled between their 0.1 and 99.9 percentiles",)
    return Recording(grey[np.newaxis], np.zeros(1), warnings=notes)


def scale_to_uint8(path: Path, values: npt.NDArray[Any]) -> Frames:
    """Scale values of any numeric type robustly to 0..255.

    Args:
        path: The file, for the message.
        values: Numbers of any shape. Integers that all lie in 0..255 stay as they are.

    Returns:
        uint8 of the same shape; all 0 where every value is the same.

    Raises:
        UnreadableFileError: If there are none, one is NaN or infinite, or they are no real numbers.
    """
    if not (np.issubdtype(values.dtype, np.number) and np.isrealobj(values)):
        reason = f"its values are of type {values.dtype}: save it as real numbers, such as envelope"
        raise UnreadableFileError(path, reason)
    if values.size == 0:
        raise UnreadableFileError(path, f"its size is {' x '.join(map(str, values.shape))}: empty")
    integers = np.issubdtype(values.dtype, np.integer)
    if integers and values.min() >= 0 and values.max() <= _MAX_8_BIT:
        return values.astype(np.uint8)
    num_bad = 0 if integers else int(np.count_nonzero(~np.isfinite(values)))
    if num_bad:
        reason = f"{num_bad} of its {values.size} values are NaN or infinite: replace them first"
        raise UnreadableFileError(path, reason)
    low, high = np.percentile(values, SCALING_PERCENTILES)
    if high <= low:
        low, high = float(values.min()), float(values.max())
    if high <= low:
        return np.zeros(values.shape, dtype=np.uint8)
    grey: Frames = np.empty(values.shape, dtype=np.uint8)
    for place, part in enumerate(values):  # a frame or row at a time: float64 takes eightfold
        scaled = (part.astype(np.float64) - low) * (_MAX_8_BIT / (high - low))
        grey[place] = np.rint(scaled.clip(0, _MAX_8_BIT)).astype(np.uint8)
    return grey


def _decode(path: Path) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """Decode the first page to grey (h, w) of the file's own depth."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow remarks on, this file checks itself
            with open_picture(path) as image:
                check_frame_size(path, image.height, image.width)
                if image.mode == "RGB" and _has_deep_samples(image):
                    return _decode_tiff(path)  # Pillow would cut them to 8 bits
                return _grey(image), _page_note(getattr(image, "n_frames", 1))
    except Image.DecompressionBombError as error:
        found = re.search(r"\d+", str(error))
        num_pixels = f"{int(found[0]):,} pixels" if found else "more pixels than can be decoded"
        reason = f"has {num_pixels}: crop or downscale it first"
        raise UnreadableFileError(path, reason) from error
    except UnidentifiedImageError as error:
        if path.suffix.lower() in {".tif", ".tiff"}:
            return _decode_tiff(path)
        reason = "its content is no picture: it is cut short or another kind of file"
        raise UnreadableFileError(path, reason) from error
    except (UnreadableFileError, MemoryError, PermissionError, FileNotFoundError):
        raise
    except Exception as error:  # Pillow lets errors of many types through
        raise UnreadableFileError(path, "cannot be decoded: it is damaged or cut short") from error


def _has_deep_samples(image: Image.Image) -> bool:
    tags = getattr(image, "tag_v2", {})
    return bool(max(tags.get(_BITS_PER_SAMPLE, (_BITS_OF_UINT8,))) > _BITS_OF_UINT8)


def _grey(image: Image.Image) -> npt.NDArray[Any]:
    """Turn upright, put on black where transparent, and take the luma."""
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith(_DEEP_MODES):
        return np.array(image)
    if "A" in image.mode or "transparency" in image.info:
        return np.array(_on_black(image))
    coloured = image if image.mode in {"L", "1", "RGB"} else image.convert("RGB")
    return np.array(coloured.convert("L"))


def _on_black(image: Image.Image) -> Image.Image:
    """Put a transparent picture on black and take the luma, a strip at a time to save memory."""
    grey = Image.new("L", image.size)
    for top in range(0, image.height, STRIP_ROWS):
        bottom = min(top + STRIP_ROWS, image.height)
        strip = image.crop((0, top, image.width, bottom)).convert("RGBA")
        black = Image.new("RGBA", strip.size, (0, 0, 0, 255))
        grey.paste(Image.alpha_composite(black, strip).convert("L"), (0, top))
    return grey


def _decode_tiff(path: Path) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """Decode what Pillow does not know: 16-bit colour, BigTIFF and the like."""
    try:
        with tifffile.TiffFile(path) as tiff:
            page = tiff.pages.first
            check_frame_size(path, page.imagelength, page.imagewidth)
            pixels = np.moveaxis(page.asarray(), -1, 0) if page.axes == "YXS" else page.asarray()
            notes = _page_note(len(tiff.pages))
            is_picture = pixels.shape[-2:] == (page.imagelength, page.imagewidth)
    except UnreadableFileError:
        raise
    except Exception as error:  # tifffile lets codec errors of many types through
        raise UnreadableFileError(path, "cannot be decoded: it is damaged or cut short") from error
    if not is_picture or pixels.ndim > len("SYX") or 0 in pixels.shape:
        reason = f"holds no picture but {' x '.join(map(str, pixels.shape))} values"
        raise UnreadableFileError(path, reason)
    if pixels.ndim == len("SYX"):
        red_green_blue = pixels[: len(LUMA_WEIGHTS)]
        pixels = np.tensordot(LUMA_WEIGHTS[: len(red_green_blue)], red_green_blue, axes=1)
    return pixels, notes


def _page_note(num_pages: int) -> tuple[str, ...]:
    return (f"holds {num_pages} pages: the first is read",) if num_pages > 1 else ()
