"""Colour Doppler is told from grey, tinted and annotated frames."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.examples import get_path
from pydicom.pixels import pixel_array

from sonoloop.data.colour_flow import shows_colour_flow
from sonoloop.data.recording import Box

GREY = np.random.default_rng(0).integers(20, 200, (120, 160, 1), dtype=np.uint8).repeat(3, 2)


def _painted(box: Box, colour: tuple[int, int, int]) -> np.ndarray:
    pixels = GREY.copy()
    pixels[box.top : box.bottom, box.left : box.right] = colour
    return pixels


@pytest.mark.parametrize("colour", [(200, 0, 0), (0, 40, 220), (255, 150, 0)])
def test_a_patch_of_colour_is_flow(colour: tuple[int, int, int]) -> None:
    """Red, blue, and the orange of power Doppler."""
    pixels = _painted(Box(40, 40, 60, 70), colour)
    assert shows_colour_flow(pixels)
    assert shows_colour_flow(pixels, Box(10, 10, 110, 150))
    assert not shows_colour_flow(pixels, Box(70, 0, 120, 160))


def test_lines_and_letters_are_not() -> None:
    """An ECG line of two pixels all along the picture."""
    assert not shows_colour_flow(_painted(Box(100, 0, 102, 160), (0, 255, 0)))
    assert not shows_colour_flow(GREY)


def test_a_tinted_scan_is_not() -> None:
    """Amber from black to white, as some print."""
    tinted = (GREY * np.array([1.0, 0.7, 0.3])).astype(np.uint8)
    assert not shows_colour_flow(tinted)


@pytest.mark.parametrize(("name", "flow"), [("rgb_color", True), ("ybr_color", False)])
def test_real_frames(name: str, flow: bool) -> None:  # noqa: FBT001
    """Power Doppler of a lymph node, and a heart stored in colour without any."""
    frames = pixel_array(dcmread(Path(get_path(name))))
    first = frames[0] if frames.ndim == 4 else frames
    assert shows_colour_flow(first) is flow
