"""Write loops as DICOM: Ultrasound Multi-frame Image objects that say they are synthetic.

PS3.3 A.7 (Ultrasound Multi-frame Image IOD), C.7.6.5 (Cine), C.8.5.5 (US Region Calibration).
Nothing of the still's own DICOM file enters: patient, study and dates are new or empty.
"""

import io
from pathlib import Path
from typing import Final

from pydicom.datadict import keyword_dict
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import (
    ExplicitVRLittleEndian,
    UltrasoundMultiFrameImageStorage,
    generate_uid,
)

from sonoloop import __version__
from sonoloop.atomic_files import write_atomically
from sonoloop.data.recording import Box, Frames
from sonoloop.synthesis.provenance import Provenance

PATIENT_NAME: Final = "SYNTHETIC^ULTRASOUND"
DEIDENTIFICATION: Final = "made by a model from pixels alone; no attribute was copied"
FRAME_TIME: Final = Tag(0x0018, 0x1063)
"""FrameIncrementPointer to it: the frames are FrameTime milliseconds apart."""
IMAGE_FLAVOURS: Final = ("DERIVED", "SECONDARY", "", "0001")
"""ImageType: derived, not from a patient's examination, no body part, two-dimensional imaging."""
CENTIMETRES: Final = 3
"""PhysicalUnitsXDirection."""
MM_PER_CM: Final = 10
PROCESSING_EQUIPMENT: Final = ("109102", "DCM", "Processing Equipment")


def write_dicom(
    path: Path,
    frames: Frames,
    *,
    frame_rate_hz: float,
    provenance: Provenance,
    pixel_spacing_mm: tuple[float, float] | None = None,
    region: Box | None = None,
) -> None:
    """Write an uncompressed Ultrasound Multi-frame Image.

    Its UIDs follow from the provenance and the pixels: the same loop has the same UIDs, another
    loop has others, and all loops of a still by one model are one study.

    Args:
        path: Where to write.
        frames: Grey frames (t, h, w).
        frame_rate_hz: Frames per second.
        provenance: Model, seed and source: DerivationDescription in words, ImageComments as JSON.
        pixel_spacing_mm: Height and width of one pixel, where known.
        region: Where in the frames the scan is; None for everywhere. Written with the spacing.
    """
    height, width = frames.shape[1:]
    pixels = frames.tobytes()
    identity = [provenance.to_json(), str(frames.shape)]
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.ImageType = list(IMAGE_FLAVOURS)
    dataset.SOPClassUID = UltrasoundMultiFrameImageStorage
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=["instance", *identity, pixels.hex()])
    dataset.StudyInstanceUID = generate_uid(
        entropy_srcs=["study", provenance.source_sha256, provenance.model_sha256]
    )
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["series", *identity])
    for keyword in ("StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName"):
        setattr(dataset, keyword, "")
    for keyword in ("PatientBirthDate", "PatientSex", "Manufacturer", "Laterality"):
        setattr(dataset, keyword, "")
    dataset.PatientName = PATIENT_NAME
    dataset.PatientID = f"synthetic-{provenance.source_sha256[:16]}"
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = DEIDENTIFICATION
    dataset.PatientOrientation = ""
    dataset.Modality = "US"
    dataset.StudyID = "SYNTHETIC"
    dataset.SeriesNumber = provenance.sample + 1
    dataset.SeriesDescription = "SYNTHETIC loop"
    dataset.InstanceNumber = 1
    dataset.BurnedInAnnotation = "NO"
    if "SyntheticData" in keyword_dict:  # pydicom knows it since 3.0
        dataset.SyntheticData = "YES"
    dataset.DerivationDescription = derivation_sentence(provenance)
    dataset.ImageComments = provenance.to_json()
    dataset.ContributingEquipmentSequence = [_equipment()]
    dataset.FrameTime = f"{1000 / frame_rate_hz:.6g}"
    dataset.FrameIncrementPointer = FRAME_TIME
    dataset.CineRate = max(1, round(frame_rate_hz))
    dataset.NumberOfFrames = len(frames)
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = height, width
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.PixelRepresentation = 0
    if pixel_spacing_mm is not None:
        whole = region or Box(0, 0, height, width)
        dataset.SequenceOfUltrasoundRegions = [_region(whole, pixel_spacing_mm)]
        # Ultrasound has its scale in the region; ITK and viewers built on it only know this one.
        dataset.PixelSpacing = [f"{side_mm:.10g}" for side_mm in pixel_spacing_mm]
    dataset.PixelData = pixels + b"\0" * (len(pixels) % 2)
    dataset["PixelData"].VR = "OB"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    write_atomically(path, buffer.getvalue())


def derivation_sentence(provenance: Provenance) -> str:
    """Say in words how a loop was made.

    Args:
        provenance: Of the loop.

    Returns:
        At most 1024 printable characters, what DerivationDescription holds.
    """
    asked = "".join(
        f", {name} {value}"
        for name, value in (("label", provenance.label), ("motion", provenance.motion))
        if value is not None
    )
    sentence = (
        f"SYNTHETIC: made by {provenance.software} from one still (SHA-256 "
        f"{provenance.source_sha256}) with model {provenance.model} (SHA-256 "
        f"{provenance.model_sha256}), seed {provenance.seed}, sample {provenance.sample}{asked}"
    )
    return "".join(char if char.isprintable() else "?" for char in sentence)[:1024]


def _equipment() -> Dataset:
    """Name the software, as PS3.3 C.12.1 asks of what processes images."""
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = PROCESSING_EQUIPMENT
    equipment = Dataset()
    equipment.PurposeOfReferenceCodeSequence = [code]
    equipment.Manufacturer = "sonoloop"
    equipment.ManufacturerModelName = "sonoloop"
    equipment.SoftwareVersions = __version__
    return equipment


def _region(box: Box, pixel_spacing_mm: tuple[float, float]) -> Dataset:
    """Describe the scan: a two-dimensional region of tissue with its scale."""
    top, left, bottom, right = box
    region = Dataset()
    region.RegionSpatialFormat = 1
    region.RegionDataType = 1
    region.RegionFlags = 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = left, top
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = right - 1, bottom - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = CENTIMETRES
    region.PhysicalDeltaX = pixel_spacing_mm[1] / MM_PER_CM
    region.PhysicalDeltaY = pixel_spacing_mm[0] / MM_PER_CM
    return region
