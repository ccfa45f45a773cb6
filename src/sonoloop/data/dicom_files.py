"""Read ultrasound DICOM files, single and multi-frame, as grey frames with times and spacing.

Only the attributes listed here are read from a file: nothing about the patient is ever loaded, so
nothing can leave the reader. Messages quote no attribute that could hold free text.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames
from pydicom.errors import InvalidDicomError
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import iter_pixels

from sonoloop.data.colour_flow import shows_colour_flow
from sonoloop.data.dicom_deflate import check_unpacked_size
from sonoloop.data.dicom_jpeg import FFMPEG_CODECS, jpeg_frames
from sonoloop.data.dicom_scan import ScanGeometry, scan_geometry
from sonoloop.data.dicom_timing import frame_times
from sonoloop.data.dicom_window import stated_window
from sonoloop.data.pixel_limits import check_frame_size, num_frames_that_fit
from sonoloop.data.reading_options import Doppler, ReadingOptions
from sonoloop.data.recording import SYNTHETIC_WARNING, Box, Frames, Recording
from sonoloop.data.still_files import scale_to_uint8
from sonoloop.data.video_files import read_video_bytes
from sonoloop.errors import LeftOutError, UnreadableFileError

ATTRIBUTES_READ = (
    "ActualFrameDuration",
    "BitsAllocated",
    "BitsStored",
    "BluePaletteColorLookupTableData",
    "BluePaletteColorLookupTableDescriptor",
    "BurnedInAnnotation",
    "CineRate",
    "Columns",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "FrameTime",
    "FrameTimeVector",
    "GreenPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableDescriptor",
    "HighBit",
    "NumberOfFrames",
    "PhotometricInterpretation",
    "PixelData",
    "PixelRepresentation",
    "PixelSpacing",
    "PlanarConfiguration",
    "RecommendedDisplayFrameRate",
    "RedPaletteColorLookupTableData",
    "RedPaletteColorLookupTableDescriptor",
    "RescaleIntercept",
    "RescaleSlope",
    "Rows",
    "SamplesPerPixel",
    "SegmentedBluePaletteColorLookupTableData",
    "SegmentedGreenPaletteColorLookupTableData",
    "SegmentedRedPaletteColorLookupTableData",
    "SequenceOfUltrasoundRegions",
    "SyntheticData",
    "VOILUTFunction",
    "WindowCenter",
    "WindowWidth",
)

GREY_INTERPRETATIONS = ("MONOCHROME1", "MONOCHROME2")
UNREAD_INTERPRETATIONS = ("HSV", "ARGB", "CMYK")
"""Retired in DICOM; decoders would pass their numbers off as red, green and blue."""

_MPEG_SYNTAXES = "1.2.840.10008.1.2.4.10"  # MPEG-2, MPEG-4, HEVC: PS3.6, table A-1
_BITS_OF_UINT8 = 8


def read_dicom(
    path: Path, *, max_frames: int | None = None, options: ReadingOptions | None = None
) -> Recording:
    """Read a DICOM file with pixels: RGB, YBR, palette or grey, plain or compressed.

    Args:
        path: A DICOM Part 10 file.
        max_frames: Most frames to read; None reads as many as ``pixel_limits`` allows.
        options: Of Doppler frames and burned-in text.

    Returns:
        Grey frames, their times, the scan's rectangle and the pixel spacing where the file states
        believable ones.

    Raises:
        UnreadableFileError: If the file is empty, no DICOM, has no pixels, too small or too large
            ones, they cannot be decoded, or text is burned in where no region tells.
        LeftOutError: If Doppler is to be left out and every frame shows it.
    """
    with warnings.catch_warnings():
        # pydicom's remarks may quote what the file says of the patient.
        warnings.simplefilter("ignore")
        header = _header(path)
        try:
            return _read(path, header, max_frames, options or ReadingOptions())
        except (UnreadableFileError, MemoryError):
            raise
        except Exception as error:  # pydicom parses a value when it is asked for
            reason = "its DICOM header is damaged: a value is missing or of the wrong type"
            raise UnreadableFileError(path, reason) from error


def _header(path: Path) -> Dataset:
    """Load the attributes that are needed and no other."""
    if path.stat().st_size == 0:
        raise UnreadableFileError(path, "the file is empty (0 bytes)")
    try:
        check_unpacked_size(path)
        header = dcmread(path, specific_tags=list(ATTRIBUTES_READ))
        has_pixels = "PixelData" in header and len(header.PixelData) > 0
        sizes = (header.get("Rows"), header.get("Columns"))
    except InvalidDicomError as error:
        reason = "is no DICOM file: the mark DICM after the preamble is missing"
        raise UnreadableFileError(path, reason) from error
    except UnreadableFileError:
        raise
    except Exception as error:  # a damaged header shows as an error of almost any type
        if isinstance(error, OSError) and error.errno is not None:
            raise  # by the system; pydicom's own errors have no number
        raise UnreadableFileError(path, "its DICOM header is damaged or cut short") from error
    if not has_pixels or None in sizes:
        reason = "holds no pixels: it is a report, a measurement, a bare header, or it is cut short"
        raise UnreadableFileError(path, reason)
    return header


def _read(
    path: Path, header: Dataset, max_frames: int | None, options: ReadingOptions
) -> Recording:
    height, width = int(header.Rows), int(header.Columns)
    check_frame_size(path, height, width)
    interpretation = header.get("PhotometricInterpretation")
    if interpretation in UNREAD_INTERPRETATIONS:
        reason = f"its colours are stored as {interpretation}, which is not read: export it as RGB"
        raise UnreadableFileError(path, reason)
    notes = [SYNTHETIC_WARNING] if header.get("SyntheticData") == "YES" else []
    num_stated = _num_stated_frames(header)
    num_bytes = max(1, int(header.get("BitsAllocated") or _BITS_OF_UINT8) // _BITS_OF_UINT8)
    limit = num_frames_that_fit(height, width * num_bytes, max_frames)
    geometry = scan_geometry(header, height, width)
    _refuse_text(path, header, geometry, options)
    if header.file_meta.TransferSyntaxUID.startswith(_MPEG_SYNTAXES):
        stream = b"".join(generate_frames(header.PixelData, number_of_frames=1))
        video = read_video_bytes(path, stream, max_frames=max_frames)
        times_s, time_notes = frame_times(header, len(video.frames))
        if time_notes:  # the header is silent, the stream is not
            times_s, time_notes = video.times_s, ()
        return _recording(video.frames, times_s, geometry, (*notes, *video.warnings, *time_notes))
    frames, flow = _decode(path, header, min(num_stated, limit), geometry.region)
    if num_stated > limit != max_frames:
        notes.append(f"only the first {limit} frames are read: memory is bounded")
    elif len(frames) < min(num_stated, limit):
        notes.append(f"states {num_stated} frames but {len(frames)} could be decoded")
    times_s, time_notes = frame_times(header, len(frames))
    kept, flow_notes = _wanted(path, flow, options.doppler)
    frames, times_s = frames[kept], times_s[kept] - times_s[kept[0]]
    is_grey = interpretation in GREY_INTERPRETATIONS
    window = stated_window(header) if is_grey else None
    if window is not None:
        notes.append(window.note)
        frames = window.apply(frames)
    elif frames.dtype != np.uint8:
        frames = scale_to_uint8(path, frames)
        notes.append("values deeper than 8 bits are scaled between their 0.1 and 99.9 percentiles")
    if interpretation == "MONOCHROME1":
        frames = 255 - frames
    return _recording(frames, times_s, geometry, (*notes, *flow_notes, *time_notes))


def _wanted(
    path: Path, flow: npt.NDArray[np.bool_], doppler: Doppler
) -> tuple[npt.NDArray[np.intp], tuple[str, ...]]:
    """Choose frames by whether they show Doppler, with a sentence where some do."""
    if not flow.any():
        return np.arange(len(flow)), ()
    found = f"{flow.sum()} of {len(flow)} frames show colour Doppler"
    if doppler == "grey":
        return np.arange(len(flow)), (f"{found}: they are read as grey",)
    if flow.all():
        raise LeftOutError(path, f"{found}, and --doppler drop leaves them out")
    return np.flatnonzero(~flow), (f"{found} and are left out",)


def _recording(
    frames: Frames,
    times_s: npt.NDArray[np.float64],
    geometry: ScanGeometry,
    notes: tuple[str, ...],
) -> Recording:
    return Recording(
        frames,
        times_s,
        scan_region=geometry.region,
        pixel_spacing_mm=geometry.pixel_spacing_mm,
        warnings=(*notes, *geometry.warnings),
    )


def _num_stated_frames(header: Dataset) -> int:
    """NumberOfFrames, 1 where the file has none or an impossible one."""
    try:
        return max(1, int(header.get("NumberOfFrames") or 1))
    except (TypeError, ValueError):
        return 1


def _refuse_text(
    path: Path, header: Dataset, geometry: ScanGeometry, options: ReadingOptions
) -> None:
    """Fail closed: who says that text is burned in, and not where, may show a patient's name."""
    known = geometry.region is not None or header.get("BurnedInAnnotation") != "YES"
    if not known and options.burned_in_text == "refuse":
        reason = (
            "says that text is burned in (BurnedInAnnotation YES) and states no scan region: crop "
            "it first, or look at what --burned-in-text crop leaves before you share it"
        )
        raise UnreadableFileError(path, reason)


def _decode(
    path: Path, header: Dataset, num_frames: int, region: Box | None
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Decode frame by frame, with which show Doppler; a fault after the first keeps those."""
    frames: list[npt.NDArray[Any]] = []
    flow: list[bool] = []
    fault: Exception | None = None
    try:
        for grey, shows_flow in _grey_frames(header, num_frames, region):
            frames.append(grey)
            flow.append(shows_flow)
    except Exception as error:  # noqa: BLE001 - decoders raise almost any type on damaged pixels
        fault = error
    if not frames:
        syntax = header.file_meta.TransferSyntaxUID.name
        reason = (
            f"its pixels ({syntax}) cannot be decoded: they are damaged, cut short or compressed "
            "in a way that no installed decoder knows"
        )
        raise UnreadableFileError(path, reason) from fault
    return np.stack(frames), np.array(flow)


def _grey_frames(
    header: Dataset, num_frames: int, region: Box | None
) -> Iterator[tuple[npt.NDArray[Any], bool]]:
    """Give one frame (h, w) after the other, and whether it shows Doppler.

    Colours become 8-bit luma, grey keeps its depth.
    """
    is_palette = header.PhotometricInterpretation == "PALETTE COLOR"
    if header.file_meta.TransferSyntaxUID in FFMPEG_CODECS:
        decoded = jpeg_frames(header, num_frames)
    else:
        decoded = iter_pixels(header, indices=range(num_frames))
    for pixels in decoded:
        coloured = apply_color_lut(pixels, header) if is_palette else pixels
        if coloured.ndim == len("hw"):
            yield coloured, False
            continue
        if coloured.dtype.itemsize * 8 > _BITS_OF_UINT8:
            bits = 16 if is_palette else int(header.BitsStored)
            coloured = (coloured >> max(0, bits - _BITS_OF_UINT8)).astype(np.uint8)
        grey = np.asarray(Image.fromarray(np.ascontiguousarray(coloured)).convert("L"))
        yield grey, shows_colour_flow(coloured, region)
