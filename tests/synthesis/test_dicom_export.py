"""Loops as DICOM: valid, readable, recognisable as synthetic, and free of the source's patient."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import UltrasoundMultiFrameImageStorage

from sonoloop.data.reading import read_recording
from sonoloop.data.recording import SYNTHETIC_WARNING, Box, Frames
from sonoloop.synthesis.dicom_export import derivation_sentence, write_dicom
from sonoloop.synthesis.provenance import Provenance, read_provenance

PROVENANCE = Provenance(
    "ä still.png", "ab" * 32, 3, 7, "default", "cd" * 32, "euler", 10, label="cyst", motion=0.5
)
FRAMES: Frames = np.random.default_rng(0).integers(0, 256, (5, 31, 45), dtype=np.uint8)
VALIDATOR = shutil.which("dciodvfy")
YOUNGER_THAN_THE_VALIDATOR = "(0x0008,0x001c)"
"""SyntheticData: in the standard since 2023, in dciodvfy of 2022 not yet."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Write a loop whose scan region and pixel spacing are known."""
    path = tmp_path / "loop.dcm"
    write_dicom(
        path,
        FRAMES,
        frame_rate_hz=8.0,
        provenance=PROVENANCE,
        pixel_spacing_mm=(0.2, 0.3),
        region=Box(1, 2, 29, 40),
    )
    return path


def test_pixels_times_and_scale_come_back(path: Path) -> None:
    """Frame by frame, through pydicom and through this package's own reader."""
    dataset = pydicom.dcmread(path)
    assert np.array_equal(dataset.pixel_array, FRAMES)
    assert dataset.SOPClassUID == UltrasoundMultiFrameImageStorage
    recording = read_recording(path)
    assert np.array_equal(recording.frames, FRAMES)
    assert recording.times_s == pytest.approx(np.arange(5) / 8)
    assert recording.pixel_spacing_mm == pytest.approx((0.2, 0.3))
    assert recording.scan_region == Box(1, 2, 29, 40)


def test_itk_reads_frames_time_and_scale(path: Path) -> None:
    """GDCM inside ITK, on which many viewers are built, sees the same volume."""
    sitk = pytest.importorskip("SimpleITK", reason="pip install 'sonoloop[medical]'")
    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(path))
    image = reader.Execute()
    assert np.array_equal(sitk.GetArrayFromImage(image), FRAMES)
    assert image.GetSpacing()[:2] == pytest.approx((0.3, 0.2))  # width first
    assert float(image.GetMetaData("0018|1063")) == 125.0
    assert image.GetMetaData("0008|001c").strip() == "YES"


def test_it_says_that_it_is_synthetic(path: Path) -> None:
    """In attributes for programs, in words for people, in JSON for sonoloop, and when read."""
    dataset = pydicom.dcmread(path)
    assert dataset.SyntheticData == "YES"
    assert list(dataset.ImageType)[:2] == ["DERIVED", "SECONDARY"]
    assert dataset.DerivationDescription == derivation_sentence(PROVENANCE)
    for told in ("SYNTHETIC", "ab" * 32, "default", "cd" * 32, "seed 7", "sample 3", "label cyst"):
        assert told in dataset.DerivationDescription
    assert read_provenance(path) == PROVENANCE
    assert SYNTHETIC_WARNING in read_recording(path).warnings


def test_identifiers_follow_from_the_loop(path: Path, tmp_path: Path) -> None:
    """The same loop gives the same bytes; another sample is another series of the same study."""
    again, other = tmp_path / "again.dcm", tmp_path / "other.dcm"
    options = {"pixel_spacing_mm": (0.2, 0.3), "region": Box(1, 2, 29, 40)}
    write_dicom(again, FRAMES, frame_rate_hz=8.0, provenance=PROVENANCE, **options)  # type: ignore[arg-type]
    assert again.read_bytes() == path.read_bytes()
    sample = Provenance("ä still.png", "ab" * 32, 4, 7, "default", "cd" * 32, "euler", 10)
    write_dicom(other, FRAMES, frame_rate_hz=8.0, provenance=sample)
    first, second = pydicom.dcmread(path), pydicom.dcmread(other)
    assert first.StudyInstanceUID == second.StudyInstanceUID
    assert first.SeriesInstanceUID != second.SeriesInstanceUID
    assert first.SOPInstanceUID != second.SOPInstanceUID
    write_dicom(other, FRAMES[:, ::-1], frame_rate_hz=8.0, provenance=PROVENANCE)
    assert pydicom.dcmread(other).SOPInstanceUID != first.SOPInstanceUID


@pytest.mark.skipif(VALIDATOR is None, reason="needs dciodvfy (dicom3tools)")
@pytest.mark.parametrize("spacing", [None, (0.2, 0.3)])
def test_dciodvfy_finds_no_fault(tmp_path: Path, spacing: tuple[float, float] | None) -> None:
    """But for the attribute that is younger than the validator."""
    path = tmp_path / "loop.dcm"
    write_dicom(path, FRAMES, frame_rate_hz=25 / 3, provenance=PROVENANCE, pixel_spacing_mm=spacing)
    found = subprocess.run([str(VALIDATOR), path], capture_output=True, text=True, check=False)
    lines = (found.stdout + found.stderr).splitlines()
    assert "USMultiFrameImage" in lines
    errors = [line for line in lines if line.startswith("Error")]
    assert [line for line in errors if YOUNGER_THAN_THE_VALIDATOR not in line] == []


@settings(max_examples=25)
@given(
    source=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200),
    label=st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=500),
    shape=st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9)),
)
def test_any_name_label_and_size(
    tmp_path_factory: pytest.TempPathFactory,
    source: str,
    label: str | None,
    shape: tuple[int, int, int],
) -> None:
    """Names of any script and odd numbers of pixels come back; the sentence fits its attribute."""
    path = tmp_path_factory.mktemp("any") / "loop.dcm"
    provenance = Provenance(source, "0" * 64, 0, 0, "m", "1" * 64, "heun", 2, label=label)
    frames = np.full(shape, 7, np.uint8)
    write_dicom(path, frames, frame_rate_hz=25.0, provenance=provenance)
    dataset = pydicom.dcmread(path)
    assert np.array_equal(dataset.pixel_array.reshape(shape), frames)
    assert read_provenance(path) == provenance
    assert len(dataset.DerivationDescription) <= 1024
