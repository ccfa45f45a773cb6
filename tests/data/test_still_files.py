"""Stills of every depth become one grey frame; what is no picture is refused."""

import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from sonoloop.data.still_files import read_still, scale_to_uint8
from sonoloop.errors import UnreadableFileError

GREY = np.random.default_rng(0).integers(0, 256, (40, 60), dtype=np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff", ".bmp"])
def test_lossless_pictures_are_read_exactly(tmp_path: Path, suffix: str) -> None:
    """Grey 8-bit values pass unchanged."""
    path = tmp_path / f"a{suffix}"
    Image.fromarray(GREY).save(path)
    recording = read_still(path)
    np.testing.assert_array_equal(recording.frames, GREY[np.newaxis])
    assert recording.is_still
    assert recording.warnings == ()


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".webp"])
def test_lossy_pictures_are_read(tmp_path: Path, suffix: str) -> None:
    """Smooth content comes back within coding error."""
    ramp = np.tile(np.arange(0, 240, 4, dtype=np.uint8), (40, 1))
    path = tmp_path / f"a{suffix}"
    Image.fromarray(ramp).save(path, quality=95)
    assert np.abs(read_still(path).frames[0].astype(int) - ramp).max() <= 6


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA", "CMYK", "1"])
def test_every_colour_mode_gives_its_grey(tmp_path: Path, mode: str) -> None:
    """White stays white and black stays black."""
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    image = Image.fromarray(np.repeat([[0, 255]], 20, axis=0).repeat(20, axis=1).astype(np.uint8))
    image.convert("RGB").convert(mode).save(path)
    frame = read_still(path).frames[0]
    assert (frame[:, :20] == 0).all()
    assert (frame[:, 20:] == 255).all()


def test_transparent_pixels_are_black(tmp_path: Path) -> None:
    """What is not there is background."""
    pixels = np.full((20, 20, 4), 255, dtype=np.uint8)
    pixels[:10, :, 3] = 0
    Image.fromarray(pixels).save(tmp_path / "a.png")
    frame = read_still(tmp_path / "a.png").frames[0]
    assert not frame[:10].any()
    assert (frame[10:] == 255).all()


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    """Orientation 6 (EXIF 2.3): the stored picture is turned by 90 degrees."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(GREY).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_still(tmp_path / "a.png").frames[0], np.rot90(GREY, -1))


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("colour", [False, True])
def test_deep_tiffs_are_scaled_over_their_range(
    tmp_path: Path, dtype: type[np.generic], *, colour: bool
) -> None:
    """Darkest and brightest become 0 and 255, order is kept, and a warning says so."""
    ramp = np.linspace(100, 30_000, 40 * 40).reshape(40, 40).astype(dtype)
    pixels = np.stack([ramp] * 3, axis=-1) if colour else ramp
    photometric = "rgb" if colour else "minisblack"
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric=photometric)
    recording = read_still(tmp_path / "a.tif")
    values = recording.frames[0].ravel().astype(int)
    assert values[0] == 0
    assert values[-1] == 255
    assert (np.diff(values) >= 0).all()
    assert "0.1 and 99.9" in recording.warnings[0]


def test_one_hot_pixel_does_not_darken_the_rest() -> None:
    """Percentiles, not extremes, set the scale."""
    values = np.linspace(0, 1, 10_000)
    values[5000] = 1e6
    assert scale_to_uint8(Path("a"), values)[4999] == pytest.approx(127, abs=2)


def test_integers_in_byte_range_are_not_stretched() -> None:
    """A 16-bit container around 8-bit values changes nothing."""
    values = np.arange(10, 200, dtype=np.uint16)
    np.testing.assert_array_equal(scale_to_uint8(Path("a"), values), values)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused(tmp_path: Path, bad: float) -> None:
    """The sentence counts them."""
    pixels = np.ones((20, 20), dtype=np.float32)
    pixels[3, 4] = bad
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    with pytest.raises(UnreadableFileError, match="1 of its 400 values are NaN or infinite"):
        read_still(tmp_path / "a.tif")


def test_complex_values_are_refused(tmp_path: Path) -> None:
    """Baseband data are no picture yet."""
    tifffile.imwrite(tmp_path / "a.tif", GREY.astype(np.complex64))
    with pytest.raises(UnreadableFileError, match="values are of type complex64: save it as real"):
        read_still(tmp_path / "a.tif")


def test_second_page_is_reported(tmp_path: Path) -> None:
    """One picture is read, and the user told so."""
    tifffile.imwrite(tmp_path / "a.tif", np.stack([GREY, GREY]), photometric="minisblack")
    assert read_still(tmp_path / "a.tif").warnings == ("holds 2 pages: the first is read",)


def _huge_png_header(side: int) -> bytes:
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    checksum = zlib.crc32(b"IHDR" + header).to_bytes(4)
    magic, length = b"\x89PNG\r\n\x1a\n", struct.pack(">I", 13)
    return magic + length + b"IHDR" + header + checksum + struct.pack(">I", 99) + b"IDAT"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.png", b"", r"a\.png: the file is empty \(0 bytes\)"),
        ("a.png", b"just some notes\n", "its content is no picture"),
        ("a.tif", b"just some notes\n", "damaged or cut short"),
        ("a.png", _huge_png_header(20_000), "has 400,000,000 pixels: crop or downscale"),
        ("a.png", _huge_png_header(12_000), "is 12000 x 12000 pixels, at most"),
        ("a.png", _huge_png_header(1), "is 1 x 1 pixels, at least"),
        ("a.png", _huge_png_header(100), "damaged or cut short"),
    ],
)
def test_bad_files_are_refused_in_one_sentence(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    """Before any pixel memory is taken."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableFileError, match=message):
        read_still(tmp_path / name)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".bmp"])
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 0.97))
def test_truncated_pictures_are_refused(tmp_path: Path, suffix: str, share: float) -> None:
    """Wherever the file ends, the answer is one of our sentences."""
    whole = tmp_path / f"whole{suffix}"
    Image.fromarray(GREY).save(whole)
    content = whole.read_bytes()
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UnreadableFileError):
        read_still(path)


def test_postscript_is_no_picture(tmp_path: Path) -> None:
    """Pillow would start Ghostscript for it, whatever the file is called."""
    Image.new("L", (32, 32)).save(tmp_path / "a.eps")
    path = (tmp_path / "a.eps").rename(tmp_path / "a.png")
    with Image.open(path) as image:
        assert image.format == "EPS"  # this is how it would be read
    with pytest.raises(UnreadableFileError, match="its content is no picture"):
        read_still(path)


def test_data_that_promise_gigabytes_take_no_memory(tmp_path: Path) -> None:
    """Of a png of 3 kB Pillow asked for the 1.6 GB that its data were said to have (by fuzzing)."""
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)).save(path)
    content = path.read_bytes()
    place = content.index(b"IDAT")
    path.write_bytes(content[: place - 4] + (1_627_086_935).to_bytes(4) + content[place:])
    tracemalloc.start()
    try:
        read_still(path)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 10_000_000


def test_a_picture_without_pixels_is_refused() -> None:
    """Found by fuzzing MHA headers."""
    with pytest.raises(UnreadableFileError, match="its size is 0 x 4 x 5: empty"):
        scale_to_uint8(Path("a.mha"), np.zeros((0, 4, 5), np.int16))
