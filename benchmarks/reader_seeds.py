"""Small whole files of every kind that sonoloop reads, from which fuzzing makes damaged ones."""

import csv
import io
import json
import pickle
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import av
import numpy as np
import polars as pl
import safetensors.numpy
import torch
from av.video.stream import VideoStream
from PIL import Image
from pydicom import Dataset, FileMetaDataset, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
    UltrasoundMultiFrameImageStorage,
    generate_uid,
)
from rich.console import Console

from sonoloop.data.phantom import phantom_clip
from sonoloop.data.prepare_options import PrepareOptions
from sonoloop.recipes.pack import pack
from sonoloop.recipes.prepare import prepare
from sonoloop.synthesis.export import write_gif, write_mp4
from sonoloop.synthesis.provenance import Provenance
from sonoloop.training.checkpoint import Checkpoint, save_checkpoint

DICOM_EXAMPLES = (
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "JPEG2000.dcm",
    "SC_rgb_dcmtk_+eb+cr.dcm",
    "color3d_jpeg_baseline.dcm",
    "MR_small_RLE.dcm",
    "examples_palette.dcm",
)
"""Of pydicom: JPEG-LS, JPEG Lossless, JPEG 2000, JPEG baseline in RGB and YBR, RLE, a palette."""

LARGEST_EXAMPLE = 400_000

FRAMES = phantom_clip(np.random.default_rng(0), size=48, num_frames=6)
GREY = FRAMES[0]
COLOUR = np.stack([GREY, GREY[::-1], GREY.T], axis=-1)

PROVENANCE = Provenance(
    source="a.png",
    source_sha256="0" * 64,
    sample=0,
    seed=1,
    model="default",
    model_sha256="0" * 64,
    sampler="ddim",
    num_inference_steps=2,
)

Files = dict[str, bytes]
"""Content by relative name: one file, or those of a folder."""


def seeds(folder: Path) -> dict[str, list[Files]]:
    """Make the seeds.

    Args:
        folder: An empty one, for what only whole programs write.

    Returns:
        For each reader its seeds.
    """
    made = {
        "png": _pictures("png", (GREY, COLOUR, GREY.astype(np.uint16) * 200)),
        "jpg": _pictures("jpeg", (GREY, COLOUR), name="a.jpg"),
        "tif": _tiffs(),
        "bmp": _pictures("bmp", (GREY, COLOUR)),
        "webp": _pictures("webp", (GREY, COLOUR)),
        "gif": [{"a.gif": _gif()}],
        "mp4": [{"a.mp4": _mp4(folder / "a.mp4")}],
        "avi": [{"a.avi": _video("avi", "mpeg4")}, {"b.avi": _video("avi", "mjpeg")}],
        "mkv": [{"a.mkv": _video("matroska", "ffv1")}, {"b.webm": _video("webm", "libvpx")}],
        "npy": [{"a.npy": _npy(FRAMES)}, {"a.npy": _npy(FRAMES.astype(np.float32) / 255)}],
        "dicom": [{"a.dcm": content} for content in _dicoms()],
        "dicom-series": [_series()],
        "frame-folder": [{f"{n}.png": _picture("png", frame) for n, frame in enumerate(FRAMES)}],
        "nifti": [{name: _volume(folder / name)} for name in ("a.nii", "a.nii.gz")],
        "mha": [{"a.mha": _volume(folder / "a.mha")}],
        "pickle": [{"a.pkl": _pickle(number)} for number in (3, 4)],
        "manifest": _manifests(),
        "source-table": [
            {"manifest.csv": _csv([("a.npy", "1.png", "x")]), "a.npy": _npy(_clip(64, seed=0))}
        ],
    }
    made |= _dataset(folder / "dataset")
    made["provenance"] = [
        {"a.mp4": _mp4(folder / "made.mp4", PROVENANCE)},
        {"a.gif": _made_gif(folder / "made.gif")},
        *made["mha"],
        *made["dicom"],
    ]
    made["checkpoint"] = [_checkpoint(folder / "checkpoints")]
    tensors = {"a.weight": np.ones((3, 4), np.float32), "b": np.zeros(5, np.float32)}
    made["weights"] = [{"a.safetensors": safetensors.numpy.save(tensors)}]
    made["torch"] = [{"a.pt": _saved(lambda file: torch.save({"a": torch.ones(3)}, file))}]
    return made


def read_folder(folder: Path) -> Files:
    """Take all files of a folder.

    Args:
        folder: Any, with subfolders.
    """
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def _saved(save: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    save(file)
    return file.getvalue()


def _picture(kind: str, pixels: np.ndarray) -> bytes:
    return _saved(lambda file: Image.fromarray(pixels).save(file, kind))


def _pictures(kind: str, pictures: tuple[np.ndarray, ...], name: str = "") -> list[Files]:
    return [{name or f"a.{kind}": _picture(kind, pixels)} for pixels in pictures]


def _tiffs() -> list[Files]:
    tiffs = _pictures("tiff", (GREY, COLOUR, GREY.astype(np.float32)), name="a.tif")
    for compression in ("tiff_lzw", "tiff_deflate", "jpeg", "packbits"):
        picture = Image.fromarray(GREY)
        content = _saved(lambda file: picture.save(file, "tiff", compression=compression))  # noqa: B023
        tiffs.append({"a.tif": content})
    import tifffile  # noqa: PLC0415 - with the one that Pillow does not write

    deep = COLOUR.astype(np.uint16) * 200
    tiffs.append({"a.tif": _saved(lambda file: tifffile.imwrite(file, deep, bigtiff=True))})
    return tiffs


def _gif() -> bytes:
    first, *others = map(Image.fromarray, FRAMES)
    return _saved(lambda file: first.save(file, "gif", save_all=True, append_images=others))


def _mp4(path: Path, provenance: Provenance | None = None) -> bytes:
    write_mp4(path, FRAMES, frame_rate_hz=25.0, provenance=provenance)
    return path.read_bytes()


def _made_gif(path: Path) -> bytes:
    write_gif(path, FRAMES, frame_rate_hz=25.0, provenance=PROVENANCE)
    return path.read_bytes()


def _video(container: str, codec: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=25)
        assert isinstance(stream, VideoStream)  # noqa: S101 - for the type checker
        stream.height, stream.width = GREY.shape
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for frame in FRAMES:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="gray")))
        output.mux(stream.encode(None))
    return file.getvalue()


def _npy(array: np.ndarray) -> bytes:
    return _saved(lambda file: np.save(file, array))


def _dicom(frames: np.ndarray, syntax: str) -> Dataset:
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = UID(syntax)
    header.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    header.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    header.SOPClassUID, header.SOPInstanceUID = UltrasoundMultiFrameImageStorage, generate_uid()
    header.SeriesInstanceUID, header.InstanceNumber = "1.2.3", 1
    header.NumberOfFrames, (header.Rows, header.Columns) = len(frames), frames.shape[1:3]
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.BitsAllocated, header.BitsStored, header.HighBit = 8, 8, 7
    header.PixelRepresentation, header.FrameTime, header.PixelSpacing = 0, 40, [0.2, 0.2]
    region = Dataset()
    region.RegionSpatialFormat = 1
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 0, 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 40, 40
    region.PhysicalUnitsXDirection, region.PhysicalUnitsYDirection = 3, 3
    region.PhysicalDeltaX, region.PhysicalDeltaY = 0.02, 0.02
    header.SequenceOfUltrasoundRegions = [region]
    header.BurnedInAnnotation = "NO"
    header.PixelData = frames.tobytes()
    return header


def _dicom_bytes(header: Dataset) -> bytes:
    syntax = header.file_meta.TransferSyntaxUID
    little, implicit = syntax != ExplicitVRBigEndian, syntax == ImplicitVRLittleEndian
    return _saved(
        lambda file: dcmwrite(
            file, header, implicit_vr=implicit, little_endian=little, enforce_file_format=True
        )
    )


def _dicoms() -> list[bytes]:
    plain = (
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    )
    made = [_dicom_bytes(_dicom(FRAMES, syntax)) for syntax in plain]
    for syntax in (RLELossless, JPEG2000Lossless):
        header = _dicom(FRAMES, ExplicitVRLittleEndian)
        header.compress(syntax, generate_instance_uid=False)
        made.append(_dicom_bytes(header))
    for name in DICOM_EXAMPLES:
        path = get_testdata_file(name, download=False)
        if path and Path(path).stat().st_size <= LARGEST_EXAMPLE:
            made.append(Path(path).read_bytes())
    return made


def _series() -> Files:
    files = {}
    for number, frame in enumerate(FRAMES):
        header = _dicom(frame[None], ExplicitVRLittleEndian)
        header.InstanceNumber = number + 1
        files[f"{number}.dcm"] = _dicom_bytes(header)
    return files


def _volume(path: Path) -> bytes:
    itk = import_module("SimpleITK")
    image = itk.GetImageFromArray(FRAMES[:, None], isVector=False)
    image.SetSpacing((0.2, 0.2, 1.0, 0.04))
    itk.WriteImage(image, str(path), useCompression=path.suffix != ".nii")
    return path.read_bytes()


def _clip(size: int, *, seed: int) -> np.ndarray:
    return phantom_clip(np.random.default_rng(seed), size=size, num_frames=16)


def _pickle(protocol: int) -> bytes:
    tree = {"conv": {"w": np.ones((2, 3), np.float32), "b": np.zeros(3, np.float32)}}
    return pickle.dumps(tree, protocol=protocol)


def _csv(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([("file", "item", "label"), *rows])
    return text.getvalue().encode()


def _manifests() -> list[Files]:
    rows = {
        "path": ["1.png", "sub/2.png"],
        "label": ["a", "b"],
        "patient_id": ["p1", "p2"],
        "first_valid_frame": ["0", "3"],
    }
    table = pl.DataFrame(rows)
    pictures = {"1.png": b"", "sub/2.png": b""}
    separated = [table.write_csv(separator=separator).encode() for separator in ",;\t"]
    return [
        *({"manifest.csv": content, **pictures} for content in separated),
        {"manifest.parquet": _saved(table.write_parquet), **pictures},
    ]


def _dataset(folder: Path) -> dict[str, list[Files]]:
    """Prepare a few videos, and pack them."""
    videos = folder / "videos"
    for number in range(4):
        path = videos / "a" / f"{number}.gif"
        path.parent.mkdir(parents=True, exist_ok=True)
        first, *others = map(Image.fromarray, _clip(64, seed=number))
        first.save(path, save_all=True, append_images=others, duration=40)
    options = PrepareOptions(size=64, split="0.5,0.25,0.25", workers=1)
    prepare([videos], folder / "prepared", options)
    pack(folder / "prepared", folder / "a.pack", step=16.0, console=Console(quiet=True))
    return {
        "dataset": [read_folder(folder / "prepared")],
        "pack": [{"a.pack": (folder / "a.pack").read_bytes()}],
    }


def _checkpoint(folder: Path) -> Files:
    tensors = {"a.weight": torch.ones(3, 4)}
    state = {"log": {"loss": [1.0, 2.0]}}
    return read_folder(save_checkpoint(folder, Checkpoint(1, tensors, tensors, tensors, state)))


def written(files: Files, folder: Path) -> Path:
    """Write the files of one input.

    Args:
        files: By name.
        folder: An empty folder.

    Returns:
        The file if there is one, else the folder.
    """
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / next(iter(files)) if len(files) == 1 else folder


def described(files: Files) -> str:
    """Name the files and their sizes, for a report."""
    return json.dumps({name: len(content) for name, content in files.items()})
