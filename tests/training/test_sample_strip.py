"""Film strips."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from sonoloop.training.sample_strip import GAP, MAX_FRAMES, write_strip


def test_strip_shows_first_and_last_frame(tmp_path: Path) -> None:
    """Rows are clips, columns frames; -1 is black, 1 white, outside values are clipped."""
    clip = torch.linspace(-1, 1.5, 16)[:, None, None].expand(16, 5, 4)
    write_strip(tmp_path / "strip.png", [clip, -clip])
    with Image.open(tmp_path / "strip.png") as image:
        strip = np.asarray(image)
    assert strip.shape == (5 + GAP + 5, 4 * MAX_FRAMES)
    assert strip[0, 0] == 0
    assert strip[0, -1] == 255
    assert strip[-1, 0] == 255
    assert strip[-1, -1] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["strip.png"]
