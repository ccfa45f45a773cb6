"""Loops side by side."""

from pathlib import Path

import numpy as np
from PIL import Image

from sonoloop.synthesis.film_strip import GAP_PX, film_strip, write_film_strip
from sonoloop.synthesis.provenance import Provenance, read_provenance

PROVENANCE = Provenance("still.png", "ab" * 32, 0, 7, "default", "cd" * 32, "euler", 10)


def test_rows_are_loops_and_columns_are_time() -> None:
    """First and last frame are at the ends of a row."""
    clips = [np.full((16, 20, 30), 50, np.uint8) for _ in range(3)]
    clips[1][0], clips[1][-1] = 10, 90
    strip = film_strip(clips, frames_shown=4)
    assert strip.shape == (1, 3 * 20 + 2 * GAP_PX, 4 * 30 + 3 * GAP_PX)
    second_row = strip[0, 20 + GAP_PX : 40 + GAP_PX]
    assert (second_row[:, :30] == 10).all()
    assert (second_row[:, -30:] == 90).all()
    assert (strip[0, 20] == 255).all()


def test_large_frames_are_reduced() -> None:
    """A strip stays a picture one can look at."""
    strip = film_strip([np.zeros((16, 900, 1600), np.uint8)], frames_shown=6)
    assert strip.shape == (1, 180, 6 * 320 + 5 * GAP_PX)


def test_png_carries_its_provenance(tmp_path: Path) -> None:
    """As a text chunk."""
    path = tmp_path / "strip.png"
    write_film_strip(path, [np.zeros((16, 20, 30), np.uint8)], provenance=PROVENANCE)
    assert read_provenance(path) == PROVENANCE
    with Image.open(path) as image:
        assert image.mode == "L"
