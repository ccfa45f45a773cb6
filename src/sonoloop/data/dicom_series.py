"""Read a cine that was exported as one DICOM file a frame: a folder that holds one series.

A series alone is no cine: an exam's stills often share one. The files must state a frame rate, or
times of acquisition that lie close together.
"""

import warnings
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from pydicom import Dataset, dcmread

from sonoloop.data.dicom_files import read_dicom
from sonoloop.data.dicom_timing import DURATIONS_MS, RATES_HZ, clock_seconds, frame_times
from sonoloop.data.frame_times import stated_times
from sonoloop.data.pixel_limits import num_frames_that_fit
from sonoloop.data.reading_options import ReadingOptions
from sonoloop.data.recording import Recording
from sonoloop.errors import LeftOutError, UnreadableFileError

MIN_FRAMES: Final = 2
LONGEST_GAP_S: Final = 0.5
"""Between frames of a cine; stills of an exam lie seconds apart."""

DIRECTORY_FILE: Final = "DICOMDIR"
HEADER_ATTRIBUTES: Final = (
    "AcquisitionTime",
    "Columns",
    "ContentTime",
    "InstanceNumber",
    "NumberOfFrames",
    "Rows",
    "SeriesInstanceUID",
    *DURATIONS_MS,
    *RATES_HZ,
)
"""Read to tell and order the files; none of it is kept."""

REQUIRED: Final = ("SeriesInstanceUID", "Rows", "Columns", "InstanceNumber")


def is_dicom_series(folder: Path) -> bool:
    """Tell the frames of one cine from a folder of separate DICOM files.

    Args:
        folder: Any path.

    Returns:
        Whether the folder holds nothing visible but two or more single-frame files of one series
        and size, numbered differently, with a frame rate or times at most half a second apart.
    """
    if not folder.is_dir():
        return False
    return bool(series_headers(folder))


def read_dicom_series(
    folder: Path,
    headers: list[tuple[Path, Dataset]] | None = None,
    *,
    max_frames: int | None = None,
    options: ReadingOptions | None = None,
) -> Recording:
    """Read the files of a folder as one video, in the order of their instance numbers.

    Args:
        folder: One that ``is_dicom_series`` takes.
        headers: Its ``series_headers``, where they are known; None reads them.
        max_frames: Most frames to read; None reads as many as ``pixel_limits`` allows.
        options: Of Doppler frames and burned-in text.

    Returns:
        Grey frames; region and spacing are those of the first.

    Raises:
        UnreadableFileError: If the folder holds no series, or a frame cannot be read.
        LeftOutError: If Doppler is to be left out and every frame shows it.
    """
    headers = series_headers(folder) if headers is None else headers
    if not headers:
        raise UnreadableFileError(folder, "holds no frames of one DICOM series")
    first = headers[0][1]
    limit = num_frames_that_fit(int(first.Rows), int(first.Columns), max_frames)
    headers = headers[:limit]
    times_s, notes = _times([header for _, header in headers])
    read: list[tuple[int, Recording]] = []
    for number, (path, _) in enumerate(headers):
        try:
            read.append((number, read_dicom(path, max_frames=1, options=options)))
        except LeftOutError:
            continue
    if not read:
        raise LeftOutError(folder, "every frame shows colour Doppler")
    if left := len(headers) - len(read):
        notes = (*notes, f"{left} of {len(headers)} frames show colour Doppler and are left out")
    kept = times_s[[number for number, _ in read]]
    recordings = [recording for _, recording in read]
    remarks = dict.fromkeys(warning for one in recordings for warning in one.warnings)
    return Recording(
        np.concatenate([recording.frames for recording in recordings]),
        kept - kept[0],
        recordings[0].scan_region,
        recordings[0].pixel_spacing_mm,
        (*remarks, *notes),
    )


def series_headers(folder: Path) -> list[tuple[Path, Dataset]]:
    """Read the headers in the order of the frames; nothing if they make no cine.

    Args:
        folder: An existing folder.
    """
    paths = sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith(".") and path.name != DIRECTORY_FILE
    )
    if len(paths) < MIN_FRAMES or not all(path.is_file() for path in paths):
        return []
    found: list[tuple[Path, Dataset]] = []
    for path in paths:
        header = _header(path)
        if header is None or (found and _kind(header) != _kind(found[0][1])):
            return []
        found.append((path, header))
    numbers = [int(header.InstanceNumber) for _, header in found]
    if len(set(numbers)) < len(numbers):
        return []
    ordered = [found[place] for place in np.argsort(numbers)]
    headers = [header for _, header in ordered]
    has_rate = any(headers[0].get(keyword) for keyword in (*DURATIONS_MS, *RATES_HZ))
    return ordered if has_rate or _clock(headers) is not None else []


def _header(path: Path) -> Dataset | None:
    """Read a header if the file has one frame of a series."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they may quote what the file says of the patient
            header = dcmread(path, stop_before_pixels=True, specific_tags=list(HEADER_ATTRIBUTES))
            frames = int(header.get("NumberOfFrames") or 1)
            stated = all(header.get(keyword) is not None for keyword in REQUIRED)
            stated = stated and all(int(header[keyword].value) >= 0 for keyword in REQUIRED[1:])
    except Exception:  # noqa: BLE001 - a damaged header shows as an error of almost any type
        return None
    return header if frames == 1 and stated else None


def _kind(header: Dataset) -> tuple[object, ...]:
    return header.SeriesInstanceUID, header.Rows, header.Columns


def _times(headers: list[Dataset]) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """Take the frames' own times, else the rate of the first."""
    clock = _clock(headers)
    return (clock, ()) if clock is not None else frame_times(headers[0], len(headers))


def _clock(headers: list[Dataset]) -> npt.NDArray[np.float64] | None:
    """Read when the frames were acquired, if that makes sense for a cine."""
    for keyword in ("AcquisitionTime", "ContentTime"):
        seconds = [clock_seconds(header.get(keyword)) for header in headers]
        known = [second for second in seconds if second is not None]
        if len(known) < len(headers):
            continue
        gaps = np.diff(known)
        if (gaps > 0).all() and gaps.max() <= LONGEST_GAP_S:
            return stated_times((np.array(known) - known[0]).tolist())
    return None
