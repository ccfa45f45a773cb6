"""Cines as NIfTI and MetaImage, in and out."""

import gzip
import importlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonoloop.data import volume_files as module
from sonoloop.data.reading import find_recordings, read_recording
from sonoloop.data.volume_files import mha_provenance, read_volume_file, write_volume_file
from sonoloop.errors import UnreadableFileError, UsageError

FRAMES = np.random.default_rng(0).integers(0, 256, (5, 30, 40), dtype=np.uint8)


def _save(pixels: np.ndarray, path: Path, *spacing: float, is_vector: bool = False) -> Path:
    image = SimpleITK.GetImageFromArray(pixels, isVector=is_vector)
    if spacing:
        image.SetSpacing(spacing)
    SimpleITK.WriteImage(image, str(path))
    return path


@pytest.mark.parametrize("name", ["loop.nii.gz", "loop.mha"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str) -> None:
    """Pixels, times and spacing; folders list it."""
    path = tmp_path / name
    write_volume_file(
        path, FRAMES, frame_rate_hz=20.0, pixel_spacing_mm=(0.3, 0.2), provenance='{"a": 1}'
    )
    assert find_recordings(tmp_path) == [path]
    recording = read_recording(path)
    np.testing.assert_array_equal(recording.frames, FRAMES)
    np.testing.assert_allclose(recording.times_s, np.arange(5) / 20, rtol=1e-6)
    assert recording.pixel_spacing_mm == pytest.approx((0.3, 0.2))
    assert recording.warnings == ()
    assert len(read_recording(path, max_frames=2).frames) == 2
    if name.endswith(".mha"):
        assert mha_provenance(path) == '{"a": 1}'


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".mha"])
def test_a_cine_without_times_is_read_at_25_hz(tmp_path: Path, suffix: str) -> None:
    """As (width, height, frames), whose third spacing may mean anything."""
    recording = read_volume_file(_save(FRAMES, tmp_path / f"a{suffix}", 0.2, 0.3, 1.5))
    np.testing.assert_array_equal(recording.frames, FRAMES)
    assert recording.frame_rate_hz == pytest.approx(25)
    assert recording.warnings == ("states no frame times: 25 Hz is assumed",)


def test_stills_colours_and_deep_values(tmp_path: Path) -> None:
    """One plane is a still, colours become luma, 16 bits are scaled."""
    still = read_volume_file(_save(FRAMES[0], tmp_path / "still.mha"))
    assert (still.is_still, still.pixel_spacing_mm) == (True, None)
    colour = np.zeros((5, 30, 40, 3), np.uint8)
    colour[..., 1] = 255
    colour[0] = FRAMES[0][..., None]
    green = read_volume_file(_save(colour, tmp_path / "colour.mha", is_vector=True))
    np.testing.assert_array_equal(green.frames[0], FRAMES[0])
    assert green.frames[1].max() == 150
    deep = read_volume_file(_save(FRAMES.astype(np.float32) * 100, tmp_path / "deep.nii.gz"))
    assert (deep.frames.min(), deep.frames.max()) == (0, 255)


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.zeros((4, 3, 30, 40), np.uint8), r"is a volume over time \(40 x 30 x 3 x 4\)"),
        (np.zeros((5, 4, 40), np.uint8), "is 40 x 4 pixels, at least 16"),
        (np.full((2, 30, 40), np.nan, np.float32), "are NaN or infinite"),
    ],
)
def test_what_is_no_cine_is_refused(tmp_path: Path, pixels: np.ndarray, reason: str) -> None:
    """One sentence with the sizes."""
    with pytest.raises(UnreadableFileError, match=reason):
        read_volume_file(_save(pixels, tmp_path / "a.mha"))


def test_no_other_file_is_opened(tmp_path: Path) -> None:
    """A header may name any file as its pixels; neither format gets away with it."""
    (tmp_path / "secret.raw").write_bytes(bytes(1200))
    path = tmp_path / "a.mha"
    path.write_text(
        "ObjectType = Image\nNDims = 2\nDimSize = 40 30\nElementType = MET_UCHAR\n"
        "ElementDataFile = secret.raw\n"
    )
    with pytest.raises(UnreadableFileError, match="does not hold its pixels itself"):
        read_volume_file(path)
    nifti = bytearray(_save(FRAMES, tmp_path / "a.nii").read_bytes())
    nifti[344:348] = b"ni1\0"
    (tmp_path / "b.nii").write_bytes(nifti)
    with pytest.raises(UnreadableFileError, match="does not hold its pixels itself"):
        read_volume_file(tmp_path / "b.nii")


def test_a_huge_header_takes_no_memory(tmp_path: Path) -> None:
    """Sizes are checked before pixels are read."""
    path = tmp_path / "a.mha"
    path.write_text(
        "ObjectType = Image\nNDims = 3\nDimSize = 9000 7000 100000\nElementType = MET_UCHAR\n"
        "ElementDataFile = LOCAL\n"
    )
    with pytest.raises(UnreadableFileError, match="has 100000 frames, at most 17 are read"):
        read_volume_file(path)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 0.999), suffix=st.sampled_from([".nii", ".nii.gz", ".mha"]))
def test_any_truncation_gives_frames_or_a_sentence(
    tmp_path: Path, share: float, suffix: str
) -> None:
    """No other error escapes."""
    whole = tmp_path / f"whole{suffix}"
    if not whole.exists():
        _save(FRAMES, whole)
    content = whole.read_bytes()
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content[: int(share * len(content))])
    try:
        recording = read_volume_file(path)
    except UnreadableFileError as error:
        assert str(error).startswith(str(path))  # noqa: PT017 - either outcome will do
    else:
        assert recording.frames.shape == FRAMES.shape


def test_a_file_that_is_no_gzip_is_refused(tmp_path: Path) -> None:
    """Neither text nor an archive of something else."""
    path = tmp_path / "a.nii.gz"
    path.write_text("notes")
    with pytest.raises(UnreadableFileError, match="is damaged: it cannot be unzipped"):
        read_volume_file(path)
    path.write_bytes(gzip.compress(b"notes"))
    with pytest.raises(UnreadableFileError, match="does not hold its pixels itself"):
        read_volume_file(path)


def test_without_simpleitk_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading fails for this file, writing before anything is made."""

    def missing(name: str) -> None:
        raise ImportError(name)

    path = _save(FRAMES, tmp_path / "a.mha")
    monkeypatch.setattr(module.importlib, "import_module", missing)
    assert importlib.import_module is missing
    with pytest.raises(UnreadableFileError, match=r"pip install 'sonoloop\[medical\]'"):
        read_volume_file(path)
    with pytest.raises(UsageError, match=r"pip install 'sonoloop\[medical\]'"):
        module.require_simpleitk()


@pytest.mark.parametrize(("name", "length"), [("a.nii", 500), ("a.nii.gz", 30_000)])
def test_a_header_that_promises_more_than_the_file_holds_is_refused(
    tmp_path: Path, name: str, length: int
) -> None:
    """Before anything of that size is made: 14 kB took a minute."""
    path = _save(FRAMES, tmp_path / name)
    unzip = gzip.open if name.endswith(".gz") else open
    with unzip(path, "rb") as file:
        content = bytearray(file.read())
    content[46:48] = length.to_bytes(2, "little")  # dim[3] of NIfTI-1
    with unzip(path, "wb") as file:
        file.write(content)
    with pytest.raises(UnreadableFileError, match=f"states {1200 * length} values"):
        read_volume_file(path)


def test_a_header_without_frames_is_refused(tmp_path: Path) -> None:
    """Found by fuzzing: the smallest of no values is an error of numpy's."""
    path = _save(FRAMES[:, None], tmp_path / "a.mha", 0.2, 0.2, 1.0, 0.05)
    content = path.read_bytes()
    assert b"DimSize = 40 30 1 5" in content
    path.write_bytes(content.replace(b"DimSize = 40 30 1 5", b"DimSize = 40 30 1 0"))
    with pytest.raises(UnreadableFileError, match="is of 40 x 30 x 1 x 0: it holds no frame"):
        read_volume_file(path)
