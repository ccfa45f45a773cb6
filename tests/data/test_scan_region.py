"""The scan is found on drawn screens of known geometry, whatever is written around it."""

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from sonoloop.data.recording import Box, Frames, Recording
from sonoloop.data.scan_region import clean_frames, find_scan_mask, find_scan_region
from sonoloop.errors import UnreadableFileError

HEIGHT, WIDTH = 480, 640
LINEAR = Box(60, 150, 420, 510)
Mask = npt.NDArray[np.bool_]


def _sector(rng: np.random.Generator) -> Mask:
    """Draw a convex probe's sector: 60 degrees between two arcs, apex above the picture."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    apex_row, apex_column = -20 + rng.integers(10), WIDTH / 2 + rng.integers(-20, 20)
    radius = np.hypot(rows - apex_row, columns - apex_column)
    angle = np.degrees(np.arctan2(columns - apex_column, rows - apex_row))
    sector: Mask = (radius > 80) & (radius < 440) & (np.abs(angle) < 33)
    return sector


def _screen(mask: Mask, num_frames: int, rng: np.random.Generator) -> Frames:
    """Speckle inside the mask; text, a logo, a ruler and a grey bar outside, all constant."""
    image = Image.new("L", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(image)
    draw.text((8, 8), "GENERAL HOSPITAL\nDOE JOHN 1970-01-01\nMI 0.9 TIs 0.7", fill=255)
    draw.text((540, 440), "19 cm  P21", fill=200)
    draw.rectangle((590, 20, 606, 90), outline=180)
    draw.ellipse((20, 420, 60, 460), outline=255)
    for row in range(40, 460, 20):
        draw.line((626, row, 632, row), fill=220)
    texture = rng.rayleigh(45, (num_frames, HEIGHT // 2, WIDTH // 2)).clip(8, 255)
    speckle = texture.repeat(2, axis=1).repeat(2, axis=2).astype(np.uint8)
    return np.where(mask, speckle, np.array(image)).astype(np.uint8)


def _linear_mask() -> Mask:
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[LINEAR.top : LINEAR.bottom, LINEAR.left : LINEAR.right] = True
    return mask


def _overlap(found: Mask, true: Mask) -> float:
    return float((found & true).sum() / (found | true).sum())


@pytest.mark.parametrize("num_frames", [1, 2, 12])
def test_linear_scan_is_found(num_frames: int) -> None:
    """Within 4 pixels of the drawn rectangle, in stills and videos."""
    frames = _screen(_linear_mask(), num_frames, np.random.default_rng(0))
    found = find_scan_region(frames)
    assert max(abs(a - b) for a, b in zip(found, LINEAR, strict=True)) <= 4


@pytest.mark.parametrize("num_frames", [1, 12])
@pytest.mark.parametrize("seed", range(2))
def test_sector_scan_is_found_and_text_in_its_box_goes(num_frames: int, seed: int) -> None:
    """At least 0.93 of found and drawn sector overlap; the bright letters are gone."""
    rng = np.random.default_rng(seed)
    mask = _sector(rng)
    frames = _screen(mask, num_frames, rng)
    frames[:, 70:84, 150:154] = 255  # a letter's stroke in the corner of the box
    assert _overlap(find_scan_mask(frames), mask) >= 0.93
    cleaned = clean_frames(Recording(frames, np.arange(num_frames) / 25))
    rows, columns = np.nonzero(mask)
    assert abs(cleaned.box.left - columns.min()) <= 6
    assert abs(cleaned.box.bottom - rows.max()) <= 6
    top, left = cleaned.box.top, cleaned.box.left
    assert not cleaned.frames[:, max(0, 70 - top) : 84 - top, 150 - left : 154 - left].any()
    inside = mask[cleaned.box.top : cleaned.box.bottom, cleaned.box.left : cleaned.box.right]
    assert (cleaned.frames[:, inside] > 0).mean() >= 0.98


def test_picture_that_is_all_scan_stays_whole() -> None:
    """Nothing is cut off a cropped scan, and its pixels are untouched."""
    frames = np.random.default_rng(0).integers(20, 200, (12, 200, 260), dtype=np.uint8)
    cleaned = clean_frames(Recording(frames, np.arange(12) / 25))
    assert cleaned.box == Box(0, 0, 200, 260)
    np.testing.assert_array_equal(cleaned.frames, frames)


def test_stated_region_is_the_box() -> None:
    """What the file says goes before what the pixels say; the corners are still blackened."""
    rng = np.random.default_rng(0)
    mask = _sector(rng)
    stated = Box(20, 60, 470, 600)
    frames = _screen(mask, 8, rng)
    cleaned = clean_frames(Recording(frames, np.arange(8) / 25, scan_region=stated))
    assert cleaned.box == stated
    assert cleaned.frames.shape == (8, 450, 540)
    assert not cleaned.frames[:, :60, :40].any()


def test_frozen_video_is_searched_like_a_still() -> None:
    """Twenty equal frames do not move, and the scan is found by its texture."""
    frames = _screen(_linear_mask(), 1, np.random.default_rng(0)).repeat(20, axis=0)
    assert find_scan_region(frames) == find_scan_region(frames[:1])


@pytest.mark.parametrize("grey", [0, 128])
@pytest.mark.parametrize("num_frames", [1, 10])
def test_flat_pictures_are_refused(grey: int, num_frames: int) -> None:
    """The sentence gives the grey levels found."""
    frames = np.full((num_frames, 64, 64), grey, dtype=np.uint8)
    with pytest.raises(UnreadableFileError, match=f"no scan is found.*between {grey} and {grey}"):
        clean_frames(Recording(frames, np.arange(num_frames) / 25))


@pytest.mark.parametrize("shape", [(16, 16), (17, 300), (300, 17), (641, 33)])
def test_any_size_is_searched(shape: tuple[int, int]) -> None:
    """Down to the smallest picture that is read, in any proportion."""
    frames = np.random.default_rng(0).integers(0, 256, (6, *shape), dtype=np.uint8)
    assert find_scan_region(frames) == Box(0, 0, *shape)
