"""A cine in as many files as frames is one video; an exam's stills stay stills."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid

from sonoloop.data.dicom_series import is_dicom_series, read_dicom_series
from sonoloop.data.reading import find_recordings, read_recording
from sonoloop.data.reading_options import ReadingOptions
from sonoloop.errors import LeftOutError, UnreadableFileError

FRAMES = np.random.default_rng(0).integers(0, 256, (4, 36, 40), dtype=np.uint8)
UID = generate_uid()


def _write(
    folder: Path, number: int, frame: np.ndarray, *, name: str | None = None, **values: object
) -> None:
    """Write one frame as a file of the series, with a patient in it."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = UltrasoundImageStorage, generate_uid()
    dataset.PatientName = "Doe^Jane"
    dataset.SeriesInstanceUID, dataset.InstanceNumber = UID, number
    dataset.Rows, dataset.Columns = frame.shape[:2]
    dataset.SamplesPerPixel = 3 if frame.ndim == 3 else 1
    dataset.PhotometricInterpretation = "RGB" if frame.ndim == 3 else "MONOCHROME2"
    if frame.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.BurnedInAnnotation = "NO"
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    dataset.PixelData = frame.tobytes()
    folder.mkdir(exist_ok=True)
    dataset.save_as(folder / (name or f"{number}.dcm"), enforce_file_format=True)


def test_frames_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """Whatever the files are called; times are those of acquisition."""
    folder = tmp_path / "cine"
    for number in range(4):
        _write(
            folder, 10 + number, FRAMES[number], name=f"{9 - number}",
            AcquisitionTime=f"105959.{number * 5:02d}",
        )  # fmt: skip
    assert find_recordings(tmp_path) == [folder]
    recording = read_recording(folder)
    np.testing.assert_array_equal(recording.frames, FRAMES)
    np.testing.assert_allclose(recording.times_s, [0, 0.05, 0.10, 0.15])
    assert recording.warnings == ()
    np.testing.assert_array_equal(read_recording(folder, max_frames=2).frames, FRAMES[:2])


def test_a_stated_rate_does_as_well(tmp_path: Path) -> None:
    """Of the first file."""
    for number in range(4):
        _write(tmp_path / "cine", number + 1, FRAMES[number], CineRate="20")
    recording = read_dicom_series(tmp_path / "cine")
    np.testing.assert_allclose(recording.times_s, [0, 0.05, 0.10, 0.15])


@pytest.mark.parametrize(
    "second",
    [
        {"AcquisitionTime": "100007"},
        {"SeriesInstanceUID": generate_uid()},
        {"InstanceNumber": 1},
        {"NumberOfFrames": 2},
    ],
)
def test_separate_files_stay_separate(tmp_path: Path, second: dict[str, object]) -> None:
    """Seconds apart, of another series, of the same number, or a cine of its own."""
    pixels = FRAMES[:2] if "NumberOfFrames" in second else FRAMES[1]
    _write(tmp_path / "exam", 1, FRAMES[0], AcquisitionTime="100000.0")
    _write(
        tmp_path / "exam", 2, pixels if pixels.ndim == 2 else pixels[0],
        **{"AcquisitionTime": "100000.1", **second},
    )  # fmt: skip
    assert not is_dicom_series(tmp_path / "exam")
    assert len(find_recordings(tmp_path)) == 2
    with pytest.raises(UnreadableFileError, match="holds no frames of one DICOM series"):
        read_dicom_series(tmp_path / "exam")


def test_other_folders_are_no_series(tmp_path: Path) -> None:
    """Empty, missing, damaged, of one file, or with something else in it."""
    assert not is_dicom_series(tmp_path)
    assert not is_dicom_series(tmp_path / "missing")
    _write(tmp_path / "cine", 1, FRAMES[0], CineRate="20")
    assert not is_dicom_series(tmp_path / "cine")
    (tmp_path / "cine" / "2.dcm").write_bytes(bytes(128) + b"DICM" + bytes(40))
    assert not is_dicom_series(tmp_path / "cine")


def test_doppler_frames_are_dropped_on_request(tmp_path: Path) -> None:
    """The others keep their times; where all show it, nothing is left."""
    colour = FRAMES[..., None].repeat(3, 3)
    colour[1, 8:20, 8:20] = (220, 20, 20)
    for number in range(4):
        _write(tmp_path / "cine", number, colour[number], CineRate="20")
        flow = colour[1] + np.uint8(number)
        _write(tmp_path / "flow", number, flow, CineRate="20")
    options = ReadingOptions(doppler="drop")
    recording = read_dicom_series(tmp_path / "cine", options=options)
    assert "1 of 4 frames show colour Doppler and are left out" in recording.warnings
    np.testing.assert_allclose(recording.times_s, [0, 0.10, 0.15])
    with pytest.raises(LeftOutError, match="every frame shows colour Doppler"):
        read_dicom_series(tmp_path / "flow", options=options)
