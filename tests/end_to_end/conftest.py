"""Files that cannot be used, and how commands are run."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pydicom
import pytest
from PIL import Image

from sonoloop.cli.main import main
from sonoloop.data.phantom_files import write_phantoms

BadFiles = dict[str, tuple[Callable[[Path], object], str]]


def _truncated_mp4(path: Path) -> None:
    """Keep the first half of a video, which lacks its index."""
    [whole, _] = write_phantoms(path.parent / "whole", count=2, size=64, seed=9, num_frames=20)
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    for made in sorted((path.parent / "whole").rglob("*"), reverse=True):
        made.rmdir() if made.is_dir() else made.unlink()
    (path.parent / "whole").rmdir()


def _dicom_without_pixels(path: Path) -> None:
    """Write a valid DICOM file that holds no picture."""
    data = pydicom.Dataset()
    data.PatientID = "1"
    data.SOPClassUID = pydicom.uid.UltrasoundImageStorage
    data.SOPInstanceUID = "1.2.3"
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    data.save_as(path, enforce_file_format=True)


def _video_of_one_frame(path: Path) -> None:
    """Encode a single frame."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height = stream.width = 64
        stream.pix_fmt = "yuv420p"
        noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(noise, format="gray")))
        container.mux(stream.encode())


def _float_tiff_with_nan(path: Path) -> None:
    """Write a float picture with one value that is none."""
    picture = np.random.default_rng(0).random((64, 64), np.float32)
    picture[3, 4] = np.nan
    Image.fromarray(picture).save(path)


BAD_FILES: BadFiles = {
    "empty.mp4": (lambda path: path.touch(), "empty"),
    "truncated.mp4": (_truncated_mp4, ""),
    "text.png": (lambda path: path.write_text("no picture"), ""),
    "empty.dcm": (lambda path: path.touch(), "empty"),
    "no_pixels.dcm": (_dicom_without_pixels, "pixel"),
    "one_pixel.png": (lambda path: Image.new("L", (1, 1), 200).save(path), "1"),
    "huge.png": (lambda path: Image.new("1", (20_000, 20_000), 1).save(path), "400,000,000"),
    "black.png": (lambda path: Image.new("L", (80, 80)).save(path), "value 0"),
    "one_frame.mp4": (_video_of_one_frame, "one frame"),
    "nan.tif": (_float_tiff_with_nan, "NaN"),
}
"""File name -> how to make it, and a word that the explanation must contain."""


@pytest.fixture(scope="session")
def bad_files() -> BadFiles:
    """File name -> how to make it, and a word that the explanation must contain."""
    return BAD_FILES


@pytest.fixture
def exit_status() -> Callable[..., int]:
    """Run a command in this process and return its exit status."""

    def run(*words: str | Path) -> int:
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        assert isinstance(stop.value.code, int)
        return stop.value.code

    return run
