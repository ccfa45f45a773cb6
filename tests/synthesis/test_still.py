"""Stills of any origin."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.examples import get_path

from sonoloop.data.letterbox import Letterbox
from sonoloop.data.recording import Recording
from sonoloop.data.scan_region import clean_frames
from sonoloop.errors import UnreadableFileError
from sonoloop.synthesis.still import open_still


def textured(height: int, width: int) -> np.ndarray:
    """Make a grey picture of noise."""
    return np.random.default_rng(0).integers(1, 255, (height, width), dtype=np.uint8)


def test_still_goes_the_way_of_training_frames() -> None:
    """The first frame is what clean_frames and Letterbox make, as in ``data prepare``."""
    pixels = np.zeros((120, 160), np.uint8)
    pixels[20:100, 30:130] = textured(80, 100)
    still = open_still(pixels, size=64)
    cleaned = clean_frames(Recording(frames=pixels[None], times_s=np.zeros(1)))
    letterbox = Letterbox.fit(*cleaned.frames.shape[1:], 64)
    np.testing.assert_array_equal(still.first_frame, letterbox.apply(cleaned.frames))
    assert still.region == cleaned.box
    assert (still.height, still.width) == (120, 160)


def test_frames_return_to_their_place_on_a_black_canvas() -> None:
    """Whatever was around the scan is black, text with it."""
    pixels = np.zeros((120, 160), np.uint8)
    pixels[20:100, 30:130] = textured(80, 100)
    pixels[5:8, 4:25:3] = 255  # a line of text
    still = open_still(pixels, size=64)
    canvas = still.on_canvas(still.pixels)[0]
    top, left, bottom, right = still.region
    assert canvas.shape == pixels.shape
    np.testing.assert_array_equal(canvas[top:bottom, left:right], still.pixels[0])
    assert canvas[:10].max() == 0


def test_colour_becomes_luma() -> None:
    """Grey is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), alpha is ignored."""
    rgba = np.random.default_rng(0).integers(0, 255, (40, 40, 4), dtype=np.uint8)
    still = open_still(rgba, size=64)
    top, left, bottom, right = still.region
    expected = rgba[..., :3] @ np.array([0.299, 0.587, 0.114])
    difference = still.pixels[0] - expected[top:bottom, left:right]
    shown = still.pixels[0] > 0
    assert np.abs(difference[shown]).max() <= 0.5


@pytest.mark.parametrize("suffix", ["png", "tif", "webp", "bmp", "jpg"])
def test_files_and_pillow_images(tmp_path: Path, suffix: str) -> None:
    """Still files of the usual kinds."""
    path = tmp_path / f"still.{suffix}"
    Image.fromarray(textured(50, 60)).save(path)
    assert open_still(path, size=64).first_frame.shape == (1, 64, 64)


def test_first_frame_of_a_multi_frame_dicom() -> None:
    """The ultrasound file of the pydicom wheel: 30 frames of 320 x 240."""
    still = open_still(Path(get_path("ybr_color")), size=128)
    assert (still.height, still.width) == (240, 320)
    assert len(still.pixels) == 1


def test_black_opening_frames_are_passed_over(tmp_path: Path) -> None:
    """Some videos fade in; the user is told which frame was taken."""
    path = tmp_path / "fades_in.gif"
    frames = [Image.new("L", (60, 50)), Image.new("L", (60, 50)), Image.fromarray(textured(50, 60))]
    frames[1].putpixel((0, 0), 0)
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[40, 50, 60])
    still = open_still(path, size=64)
    assert still.pixels.max() > 200
    assert "show nothing; frame" in still.warnings[-1]


def test_what_is_no_image_is_named(tmp_path: Path) -> None:
    """An empty file and a text named .png."""
    empty, text = tmp_path / "empty.png", tmp_path / "text.png"
    empty.touch()
    text.write_text("not an image")
    for path in (empty, text):
        with pytest.raises(UnreadableFileError, match=path.name):
            open_still(path, size=64)
