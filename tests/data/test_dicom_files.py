"""DICOM files of every common pixel kind become grey frames; nothing of the patient leaves."""

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.examples import get_path
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    UltrasoundMultiFrameImageStorage,
    generate_uid,
)

from sonoloop.data.dicom_files import ATTRIBUTES_READ, read_dicom
from sonoloop.data.reading import read_recording
from sonoloop.data.reading_options import ReadingOptions
from sonoloop.errors import LeftOutError, UnreadableFileError

HEIGHT, WIDTH = 36, 40
RAMP = (np.arange(WIDTH) * 5 + 3 * np.arange(4)[:, None, None]).repeat(HEIGHT, axis=1)
GREY = RAMP.astype(np.uint8)


def _dataset(pixels: npt.NDArray[np.generic], interpretation: str) -> Dataset:
    """Make an ultrasound file of frames (t, h, w) or (t, h, w, 3), with a patient in it."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = UltrasoundMultiFrameImageStorage
    dataset.SOPInstanceUID = generate_uid()
    dataset.PatientName = "Doe^Jane"
    dataset.PatientID = "SECRET-4711"
    dataset.Modality = "US"
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = pixels.shape[:3]
    dataset.SamplesPerPixel = 3 if pixels.ndim == 4 else 1
    if pixels.ndim == 4:
        dataset.PlanarConfiguration = 0
    dataset.PhotometricInterpretation = interpretation
    bits = 8 * pixels.dtype.itemsize
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = int(np.issubdtype(pixels.dtype, np.signedinteger))
    dataset.FrameTime = "40"
    dataset.BurnedInAnnotation = "NO"
    dataset.PixelData = pixels.tobytes()
    return dataset


def _save(dataset: Dataset, folder: Path) -> Path:
    path = folder / "a.dcm"
    dataset.save_as(path, enforce_file_format=True)
    return path


def _encapsulate(dataset: Dataset, frames: list[bytes], syntax: str) -> Dataset:
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def _colour(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.stack([grey] * 3, axis=-1)


def test_grey_frames_are_read_exactly(tmp_path: Path) -> None:
    """Pixels, times and nothing else."""
    recording = read_dicom(_save(_dataset(GREY, "MONOCHROME2"), tmp_path))
    np.testing.assert_array_equal(recording.frames, GREY)
    np.testing.assert_allclose(recording.times_s, [0, 0.04, 0.08, 0.12])
    assert recording.warnings == ()


def test_monochrome1_is_inverted(tmp_path: Path) -> None:
    """0 means white (PS3.3, C.7.6.3.1.2)."""
    recording = read_dicom(_save(_dataset(GREY, "MONOCHROME1"), tmp_path))
    np.testing.assert_array_equal(recording.frames, 255 - GREY)


def test_rgb_becomes_luma(tmp_path: Path) -> None:
    """Equal channels give the grey itself; pure colours their BT.601 weight."""
    pixels = _colour(GREY)
    pixels[0, :, :] = (255, 0, 0)
    pixels[1, :, :] = (0, 255, 0)
    recording = read_dicom(_save(_dataset(pixels, "RGB"), tmp_path))
    assert recording.frames[0, 0, 0] == 76
    assert recording.frames[1, 0, 0] == 150
    np.testing.assert_array_equal(recording.frames[2:], GREY[2:])


def test_palette_colours_are_looked_up(tmp_path: Path) -> None:
    """A palette that inverts 16-bit entries gives the inverse."""
    dataset = _dataset(GREY, "PALETTE COLOR")
    entries = (np.arange(255, -1, -1, dtype=np.uint16) * 257).tobytes()
    for colour in ("Red", "Green", "Blue"):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(dataset, f"{colour}PaletteColorLookupTableData", entries)
    recording = read_dicom(_save(dataset, tmp_path))
    np.testing.assert_array_equal(recording.frames, 255 - GREY)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, RLELossless])
def test_lossless_compression_is_read_exactly(tmp_path: Path, syntax: str) -> None:
    """JPEG 2000 and run lengths, written by pydicom's own encoders."""
    dataset = _dataset(GREY, "MONOCHROME2")
    dataset.compress(syntax, generate_instance_uid=False)
    np.testing.assert_array_equal(read_dicom(_save(dataset, tmp_path)).frames, GREY)


@pytest.mark.parametrize(
    ("codec", "syntax"), [("ljpeg", JPEGLosslessSV1), ("jpegls", JPEGLSLossless)]
)
def test_scanners_lossless_jpeg_is_read_exactly(tmp_path: Path, codec: str, syntax: str) -> None:
    """Colour frames as scanners write them, encoded here by ffmpeg."""
    pixel_format = {"ljpeg": "bgr24", "jpegls": "rgb24"}[codec]
    encoded = []
    for frame in _colour(GREY):
        encoder = av.CodecContext.create(codec, "w")
        encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, pixel_format
        encoder.time_base = Fraction(1, 25)
        picture = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format=pixel_format)
        encoded.append(b"".join(map(bytes, [*encoder.encode(picture), *encoder.encode(None)])))
    dataset = _encapsulate(_dataset(_colour(GREY), "RGB"), encoded, syntax)
    np.testing.assert_array_equal(read_dicom(_save(dataset, tmp_path)).frames, GREY)


def test_baseline_jpeg_in_ybr_is_read(tmp_path: Path) -> None:
    """YBR_FULL_422 with halved chroma: grey within coding error."""
    encoded = []
    for frame in _colour(GREY):
        buffer = io.BytesIO()
        Image.fromarray(frame).save(buffer, "JPEG", quality=95, subsampling="4:2:2")
        encoded.append(buffer.getvalue())
    dataset = _encapsulate(_dataset(_colour(GREY), "YBR_FULL_422"), encoded, JPEGBaseline8Bit)
    frames = read_dicom(_save(dataset, tmp_path)).frames.astype(int)
    assert np.abs(frames - GREY).max() <= 6


@pytest.mark.parametrize("dtype", [np.uint16, np.int16])
def test_deep_pixels_are_scaled_together(tmp_path: Path, dtype: type[np.generic]) -> None:
    """One scale for all frames, and a warning."""
    pixels = (RAMP * 50).astype(dtype)
    recording = read_dicom(_save(_dataset(pixels, "MONOCHROME2"), tmp_path))
    assert recording.frames.min() == 0
    assert recording.frames.max() == 255
    assert (np.diff(recording.frames[:, 0, 5].astype(int)) > 0).all()
    assert "0.1 and 99.9" in recording.warnings[0]


def test_a_stated_window_is_applied(tmp_path: Path) -> None:
    """To grey alone, before MONOCHROME1 is turned, and a warning tells."""
    dataset = _dataset((RAMP * 50).astype(np.uint16), "MONOCHROME1")
    dataset.WindowCenter, dataset.WindowWidth = "2500.5", "5001"
    recording = read_dicom(_save(dataset, tmp_path))
    shown = np.rint(255 * (RAMP * 50 / 5000).clip(0, 1))
    np.testing.assert_array_equal(recording.frames, 255 - shown)
    assert "window that it states, 0 to 5000" in recording.warnings[0]


def test_video_inside_dicom_is_read(tmp_path: Path) -> None:
    """MPEG-4 AVC (1.2.840.10008.1.2.4.102): a whole mp4 in the pixel data."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        for frame in GREY:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="gray")))
        container.mux(stream.encode())
    dataset = _dataset(_colour(GREY), "YBR_PARTIAL_420")
    dataset = _encapsulate(dataset, [buffer.getvalue()], "1.2.840.10008.1.2.4.102")
    recording = read_dicom(_save(dataset, tmp_path))
    assert np.abs(recording.frames.astype(int) - GREY).mean() <= 4
    assert recording.frame_rate_hz == pytest.approx(25)


def test_nothing_of_the_patient_is_loaded(tmp_path: Path) -> None:
    """Neither attributes nor messages hold name or number."""
    path = _save(_dataset(GREY, "MONOCHROME2"), tmp_path)
    assert not [name for name in ATTRIBUTES_READ if "Patient" in name or "Name" in name]
    assert "Doe" in str(dcmread(path).PatientName)
    assert "SECRET" not in repr(read_dicom(path))
    assert "Doe" not in repr(read_dicom(path))


def test_real_example_of_pydicom() -> None:
    """SonoSite heart, 30 frames, 33.333 ms; its region is stated for another picture size."""
    recording = read_recording(Path(get_path("ybr_color")))
    assert recording.frames.shape == (30, 240, 320)
    assert recording.frame_rate_hz == pytest.approx(30, abs=0.01)
    assert recording.scan_region is None
    assert recording.pixel_spacing_mm is None
    assert "84..595 x 31..414" in recording.warnings[0]


def test_max_frames_limits_decoding(tmp_path: Path) -> None:
    """Without a warning: the caller asked for it."""
    path = _save(_dataset(GREY, "MONOCHROME2"), tmp_path)
    recording = read_recording(path, max_frames=2)
    np.testing.assert_array_equal(recording.frames, GREY[:2])
    assert recording.warnings == ()


def _with_flow(number: int) -> npt.NDArray[np.uint8]:
    """Make colour frames of which one has a red patch."""
    pixels = _colour(GREY)
    pixels[number, 8:20, 8:20] = (200, 20, 20)
    return pixels


def test_doppler_frames_are_counted_and_dropped_on_request(tmp_path: Path) -> None:
    """The others keep their times; without the option all are read as grey."""
    path = _save(_dataset(_with_flow(1), "RGB"), tmp_path)
    recording = read_dicom(path)
    assert len(recording.frames) == 4
    assert recording.warnings == ("1 of 4 frames show colour Doppler: they are read as grey",)
    dropped = read_dicom(path, options=ReadingOptions(doppler="drop"))
    np.testing.assert_array_equal(dropped.frames, GREY[[0, 2, 3]])
    np.testing.assert_allclose(dropped.times_s, [0, 0.08, 0.12])
    assert dropped.warnings == ("1 of 4 frames show colour Doppler and are left out",)
    later = read_dicom(_save(_dataset(_with_flow(0), "RGB"), tmp_path),
                       options=ReadingOptions(doppler="drop"))  # fmt: skip
    np.testing.assert_allclose(later.times_s, [0, 0.04, 0.08])


def test_a_still_of_doppler_is_left_out_on_request() -> None:
    """Power Doppler of a lymph node, from the pydicom package: flow in orange on grey."""
    path = Path(get_path("rgb_color"))
    assert "1 of 1 frames show colour Doppler" in read_dicom(path).warnings[0]
    with pytest.raises(
        LeftOutError, match="1 of 1 frames show colour Doppler, and --doppler drop leaves them out"
    ):
        read_dicom(path, options=ReadingOptions(doppler="drop"))


def test_burned_in_text_without_a_region_is_refused(tmp_path: Path) -> None:
    """It may be a name; who asks for it gets what the pixels show of the scan, and a warning."""
    dataset = _dataset(GREY, "MONOCHROME2")
    dataset.BurnedInAnnotation = "YES"
    path = _save(dataset, tmp_path)
    with pytest.raises(UnreadableFileError, match=r"\(BurnedInAnnotation YES\) and states no scan"):
        read_dicom(path)
    cropped = read_dicom(path, options=ReadingOptions(burned_in_text="crop"))
    assert "look at the result before sharing it" in cropped.warnings[0]


def test_file_without_suffix_is_recognised(tmp_path: Path) -> None:
    """Scanners name files by number or UID."""
    path = _save(_dataset(GREY, "MONOCHROME2"), tmp_path).rename(tmp_path / "IM_0001")
    assert len(read_recording(path).frames) == 4


def test_bad_files_are_refused(tmp_path: Path) -> None:
    """Empty, other content, no pixels, huge, unknown compression: one sentence each."""
    path = tmp_path / "a.dcm"
    path.touch()
    with pytest.raises(UnreadableFileError, match=r"the file is empty \(0 bytes\)"):
        read_dicom(path)
    path.write_bytes(b"notes" * 100)
    with pytest.raises(UnreadableFileError, match="is no DICOM file: the mark DICM"):
        read_dicom(path)
    dataset = _dataset(GREY, "MONOCHROME2")
    dataset.Rows = dataset.Columns = 20_000
    with pytest.raises(UnreadableFileError, match="is 20000 x 20000 pixels, at most"):
        read_dicom(_save(dataset, tmp_path))
    with pytest.raises(UnreadableFileError, match="stored as HSV, which is not read: export it"):
        read_dicom(_save(_dataset(_colour(GREY), "HSV"), tmp_path))
    del dataset.PixelData
    with pytest.raises(UnreadableFileError, match="holds no pixels: it is a report"):
        read_dicom(_save(dataset, tmp_path))
    dataset = _dataset(GREY, "MONOCHROME2")
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.50"
    _encapsulate(dataset, [b"no jpeg."], JPEGBaseline8Bit)
    with pytest.raises(UnreadableFileError, match=r"its pixels \(JPEG Baseline .*cannot be dec"):
        read_dicom(_save(dataset, tmp_path))


def test_fewer_frames_than_stated_are_kept(tmp_path: Path) -> None:
    """The warning gives both numbers."""
    dataset = _dataset(GREY, "MONOCHROME2")
    dataset.compress(RLELossless, generate_instance_uid=False)
    dataset.NumberOfFrames = 9
    recording = read_dicom(_save(dataset, tmp_path))
    assert len(recording.frames) == 4
    assert "states 9 frames but 4 could be decoded" in recording.warnings[0]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 0.999))
def test_any_truncation_gives_frames_or_a_sentence(tmp_path: Path, share: float) -> None:
    """No other error escapes."""
    whole = tmp_path / "whole.dcm"
    if not whole.exists():
        _save(_dataset(GREY, "MONOCHROME2"), tmp_path).rename(whole)
    content = whole.read_bytes()
    path = tmp_path / "a.dcm"
    path.write_bytes(content[: int(share * len(content))])
    try:
        recording = read_dicom(path)
    except UnreadableFileError as error:
        text = str(error)
        if "Doe" in text:
            pytest.fail(f"a message quotes the patient: {text}")
    else:
        np.testing.assert_array_equal(recording.frames, GREY[: len(recording.frames)])
