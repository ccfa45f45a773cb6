"""What a DICOM file says of a patient reaches no output: no file, no console."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian

from sonoloop.data.phantom import phantom_clip

PLANTED = {
    "PatientName": "Plantedname^Zebedee",
    "PatientID": "PLANTED-4711",
    "PatientBirthDate": "19010203",
    "PatientAddress": "Planted Street 1",
    "AccessionNumber": "PLANTED-77",
    "InstitutionName": "Planted Clinic",
    "ReferringPhysicianName": "Plantedphysician",
    "OperatorsName": "Plantedoperator",
    "StudyDescription": "planted study",
    "SeriesDescription": "planted series",
    "ImageComments": "planted comment",
}
TRACES = (b"planted", b"zebedee", b"4711", b"19010203")


def write_scan(path: Path) -> None:
    """Write a cine of moving speckle that names its patient wherever DICOM lets it."""
    frames = phantom_clip(np.random.default_rng(0), size=64, num_frames=24)
    scan = pydicom.Dataset()
    scan.file_meta = pydicom.dataset.FileMetaDataset()
    scan.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    scan.SOPClassUID = pydicom.uid.UltrasoundMultiFrameImageStorage
    scan.SOPInstanceUID = "1.2.3"
    for name, value in PLANTED.items():
        setattr(scan, name, value)
    scan.add_new(0x00091001, "LO", "planted private element")
    scan.NumberOfFrames, scan.Rows, scan.Columns = frames.shape
    scan.SamplesPerPixel, scan.PixelRepresentation = 1, 0
    scan.BitsAllocated, scan.BitsStored, scan.HighBit = 8, 8, 7
    scan.PhotometricInterpretation = "MONOCHROME2"
    scan.FrameTime = 40.0
    scan.PixelData = frames.tobytes()
    scan.save_as(path, enforce_file_format=True)


def written(folder: Path) -> dict[str, bytes]:
    """Return what stands in every file, tables unpacked, and in their names, in lower case."""
    found: dict[str, bytes] = {}
    for path in filter(Path.is_file, folder.rglob("*")):
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content += repr(pl.read_parquet(path).to_dicts()).encode()
        found[path.relative_to(folder).as_posix()] = content.lower()
    return found


def test_nothing_of_the_patient_is_written_or_said(
    tmp_path: Path, exit_status: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    """A dataset, clips taken out of it, and loops in every format."""
    source, out = tmp_path / "scans", tmp_path / "out"
    source.mkdir()
    for name in ("scan", "copy"):
        write_scan(source / f"{name}.dcm")
    (source / "broken.dcm").write_bytes((source / "scan.dcm").read_bytes()[:-3000])
    assert b"planted" in written(source)["scan.dcm"]
    prepare = ("--out", out / "data", "--size", "64", "--split", "1,0,0", "--workers", "1")
    assert exit_status("data", "prepare", source, *prepare) == 1
    assert exit_status("data", "check", out / "data") == 0
    assert exit_status("data", "export", out / "data", "--out", out / "held", "--split", "all") == 0
    loops = ("--out", out / "loops", "--formats", "mp4,gif,npy,strip", "--steps", "1")
    assert exit_status("synthesize", source, *loops) == 1
    told = "".join(capfd.readouterr())
    assert "2 items" in told
    assert "broken.dcm" in told
    outputs = {**written(out), "console": told.lower().encode()}
    kinds = {Path(name).suffix for name in outputs}
    assert {".mp4", ".gif", ".npy", ".png", ".html", ".json", ".csv", ".parquet"} <= kinds
    assert [
        (name, trace)
        for name, content in outputs.items()
        for trace in TRACES
        if trace in content or trace.decode() in name.lower()
    ] == []
