"""Deflated DICOM files are bounded before they are unpacked."""

import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, UltrasoundImageStorage

from sonoloop.data import dicom_deflate
from sonoloop.data.dicom_deflate import BEFORE_META, check_unpacked_size
from sonoloop.data.dicom_files import read_dicom
from sonoloop.errors import UnreadableFileError


@pytest.fixture
def deflated(tmp_path: Path) -> Path:
    """Write a deflated still."""
    dataset = pydicom.Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = UltrasoundImageStorage, "1.2.3"
    dataset.Rows = dataset.Columns = 64
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    dataset.PixelData = noise.tobytes()
    dataset["PixelData"].VR = "OB"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = tmp_path / "deflated.dcm"
    dataset.save_as(path, enforce_file_format=True)
    return path


def test_deflated_file_is_read(deflated: Path) -> None:
    """One of ordinary size."""
    assert read_dicom(deflated).frames.shape == (1, 64, 64)


def test_bomb_is_refused_before_it_is_unpacked(
    deflated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A megabyte that would become a gigabyte; the bound is lowered to keep the test short."""
    monkeypatch.setattr(dicom_deflate, "MAX_RECORDING_BYTES", 50 << 20)
    meta = pydicom.filereader.read_file_meta_info(deflated)
    start = BEFORE_META + int(meta.FileMetaInformationGroupLength)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = packer.compress(bytes(60 << 20)) + packer.flush()
    deflated.write_bytes(deflated.read_bytes()[:start] + bomb)
    with pytest.raises(UnreadableFileError, match="unpacks to more than 50 MB: it is not read"):
        read_dicom(deflated)


def test_damaged_content_is_a_sentence(deflated: Path) -> None:
    """Cut into, not cut short."""
    meta = pydicom.filereader.read_file_meta_info(deflated)
    start = BEFORE_META + int(meta.FileMetaInformationGroupLength)
    deflated.write_bytes(deflated.read_bytes()[:start] + b"\xff" * 100)
    with pytest.raises(UnreadableFileError, match="its deflated content is damaged"):
        check_unpacked_size(deflated)
