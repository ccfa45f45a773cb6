"""Read and write cines as NIfTI and MetaImage (MHA), by SimpleITK (extra ``medical``).

A cine is (width, height, frames), or (width, height, 1, frames) with the time between frames in
seconds as the fourth spacing, which is what is written.
"""

import gzip
import importlib
import math
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sonoloop.atomic_files import write_atomically
from sonoloop.data.frame_times import DEFAULT_FRAME_RATE_HZ, steady_times
from sonoloop.data.pixel_limits import check_frame_size, num_frames_that_fit
from sonoloop.data.recording import Frames, Recording
from sonoloop.data.still_files import scale_to_uint8
from sonoloop.errors import UnreadableFileError, UsageError

VOLUME_SUFFIXES: Final = (".nii", ".nii.gz", ".mha")

PROVENANCE_KEY: Final = "sonoloop"
"""Header field of an MHA file that says what made it; NIfTI has no room for it."""

_NIFTI_MAGIC: Final = {344: (b"n+1\0",), 4: (b"n+2\0",)}
"""Offset -> mark of a file that holds its own pixels (NIfTI-1 and 2); others name a second one."""

_MOST_HEADER_BYTES: Final = 1 << 16
_LARGEST_RATIO: Final = 1032
"""Of deflate, by which NIfTI and MHA are compressed: bytes out for a byte in, at most."""
_LOCAL: Final = b"LOCAL"
_LONGEST_STEP_S: Final = 10.0
_RGB_WEIGHTS: Final = (0.299, 0.587, 0.114)
"""BT.601, as all colour is turned into grey here."""


def is_volume_file(path: Path) -> bool:
    """Tell by the name whether a file is NIfTI or MHA.

    Args:
        path: Any path.
    """
    return path.name.lower().endswith(VOLUME_SUFFIXES)


def read_volume_file(path: Path, *, max_frames: int | None = None) -> Recording:
    """Read a still or a cine.

    Args:
        path: A ``.nii``, ``.nii.gz`` or ``.mha`` file.
        max_frames: Most frames to keep; None keeps as many as ``pixel_limits`` allows.

    Returns:
        Grey frames with times and pixel spacing.

    Raises:
        UnreadableFileError: If SimpleITK is missing, the file is damaged, keeps its pixels in
            another file, is a volume over time, or is too small or large.
    """
    try:
        itk = _simpleitk()
    except UsageError as error:
        raise UnreadableFileError(path, str(error)) from error
    _refuse_second_file(path)
    reader = itk.ImageFileReader()
    reader.SetFileName(str(path))
    itk.ProcessObject.GlobalWarningDisplayOff()
    try:
        reader.ReadImageInformation()
        sizes, spacing = tuple(reader.GetSize()), tuple(reader.GetSpacing())
        num_frames = _check_sizes(path, sizes)
        _refuse_promises(path, sizes)
        pixels = _grey(path, itk.GetArrayFromImage(reader.Execute()), sizes)
    except RuntimeError as error:
        raise UnreadableFileError(path, "is damaged, cut short or no image") from error
    kept = min(num_frames, num_frames_that_fit(sizes[1], sizes[0], max_frames))
    times_s, notes = _times(spacing, kept)
    frames = scale_to_uint8(path, pixels[:kept])
    mm = (float(spacing[1]), float(spacing[0]))
    known = min(mm) > 0 and mm != (1.0, 1.0)  # 1 x 1 is what writers put who know none
    return Recording(
        frames,
        times_s,
        pixel_spacing_mm=mm if known else None,
        warnings=notes,
    )


def write_volume_file(
    path: Path,
    frames: Frames,
    *,
    frame_rate_hz: float,
    pixel_spacing_mm: tuple[float, float] | None,
    provenance: str,
) -> None:
    """Write a cine, compressed, complete or not at all.

    Args:
        path: ``.nii.gz`` or ``.mha``.
        frames: Grey frames (t, h, w).
        frame_rate_hz: Frames per second.
        pixel_spacing_mm: Height and width of a pixel; None writes 1 x 1.
        provenance: What made it; goes into the header of an MHA file.

    Raises:
        UsageError: If SimpleITK is missing.
    """
    itk = _simpleitk()
    image = itk.GetImageFromArray(frames[:, None], isVector=False)
    height_mm, width_mm = pixel_spacing_mm or (1.0, 1.0)
    image.SetSpacing((width_mm, height_mm, 1.0, 1 / frame_rate_hz))
    image.SetMetaData(PROVENANCE_KEY, provenance)
    with TemporaryDirectory() as folder:  # the name's ending tells SimpleITK the format
        whole = Path(folder) / path.name
        itk.WriteImage(image, str(whole), useCompression=True)
        write_atomically(path, whole.read_bytes())


def mha_provenance(path: Path) -> str:
    """Read what ``write_volume_file`` wrote into an MHA file's header, empty if nothing.

    Args:
        path: The file.
    """
    prefix = f"{PROVENANCE_KEY} = ".encode()
    for line in _mha_header(path).split(b"\n"):
        if line.startswith(prefix):
            return line.removeprefix(prefix).decode(errors="replace").strip()
    return ""


def require_simpleitk() -> None:
    """Refuse before any work where files could not be written in the end.

    Raises:
        UsageError: If SimpleITK is missing; the command that installs it is named.
    """
    _simpleitk()


def _simpleitk() -> ModuleType:
    """Import it when it is needed: it is an extra, and slow to import."""
    try:
        return importlib.import_module("SimpleITK")
    except ImportError as error:
        msg = "NIfTI and MHA need SimpleITK: pip install 'sonoloop[medical]'"
        raise UsageError(msg) from error


def _refuse_second_file(path: Path) -> None:
    """Headers may name any other file as the one with the pixels: that is not followed."""
    if path.suffix.lower() == ".mha":
        inside = any(
            line.split(b"=", 1)[-1].strip() == _LOCAL
            for line in _mha_header(path).split(b"\n")
            if line.strip().startswith(b"ElementDataFile")
        )
    else:
        start = _first_bytes(path, 352)
        inside = any(start[at : at + 4] in marks for at, marks in _NIFTI_MAGIC.items())
    if not inside:
        reason = "does not hold its pixels itself, or is damaged: save header and pixels in one"
        raise UnreadableFileError(path, reason)


def _mha_header(path: Path) -> bytes:
    """Read up to the line that says where the pixels are, which is the last."""
    start = _first_bytes(path, _MOST_HEADER_BYTES)
    place = start.find(b"ElementDataFile")
    if place < 0:
        return b""
    return start[: start.find(b"\n", place) + 1 or None]


def _first_bytes(path: Path, count: int) -> bytes:
    """Read the beginning of a file, unzipped."""
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            return file.read(count)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnreadableFileError(path, "is damaged: it cannot be unzipped") from error


def _check_sizes(path: Path, sizes: tuple[int, ...]) -> int:
    """Return the number of frames, before any pixel is read."""
    named = " x ".join(map(str, sizes))
    if not 2 <= len(sizes) <= 4:  # noqa: PLR2004 - a plane, with time, with depth 1
        raise UnreadableFileError(path, f"is of {named}: a cine has width, height and frames")
    if len(sizes) == 4 and sizes[2] != 1:  # noqa: PLR2004
        reason = f"is a volume over time ({named}): save one plane as a cine"
        raise UnreadableFileError(path, reason)
    check_frame_size(path, sizes[1], sizes[0])
    num_frames = sizes[-1] if len(sizes) > 2 else 1  # noqa: PLR2004
    if num_frames < 1:
        raise UnreadableFileError(path, f"is of {named}: it holds no frame")
    if num_frames > (most := num_frames_that_fit(sizes[1], sizes[0])):
        raise UnreadableFileError(path, f"has {num_frames} frames, at most {most} are read: cut it")
    return num_frames


def _refuse_promises(path: Path, sizes: tuple[int, ...]) -> None:
    """Refuse a header that states more values than the file can hold, before memory is taken."""
    num_bytes = path.stat().st_size
    most = num_bytes * (1 if path.suffix.lower() == ".nii" else _LARGEST_RATIO)
    if math.prod(sizes) > most:
        reason = f"states {math.prod(sizes)} values, its {num_bytes} bytes hold fewer: it is cut"
        raise UnreadableFileError(path, f"{reason} short or damaged")


def _grey(path: Path, pixels: npt.NDArray[Any], sizes: tuple[int, ...]) -> npt.NDArray[Any]:
    """Bring to (t, h, w); colours become luma."""
    width, height = sizes[:2]
    flat = pixels.reshape(-1, height, width, *pixels.shape[len(sizes) :])
    if flat.ndim == len("thw"):
        return flat
    if flat.shape[3] not in {3, 4}:
        raise UnreadableFileError(path, f"has {flat.shape[3]} values a pixel: save it as grey")
    luma: npt.NDArray[Any] = np.rint(flat[..., :3] @ np.array(_RGB_WEIGHTS)).astype(pixels.dtype)
    return luma


def _times(
    spacing: tuple[float, ...], num_frames: int
) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """Take the fourth spacing as seconds; the third of a cine without depth says nothing."""
    if num_frames == 1:
        return np.zeros(1), ()
    if len(spacing) == 4 and 0 < spacing[3] <= _LONGEST_STEP_S and spacing[3] != 1:  # noqa: PLR2004
        return steady_times(num_frames, 1 / spacing[3]), ()
    assumed = f"states no frame times: {DEFAULT_FRAME_RATE_HZ:g} Hz is assumed"
    return steady_times(num_frames, DEFAULT_FRAME_RATE_HZ), (assumed,)
