"""Loops behave like a list of arrays."""

import numpy as np

from sonoloop.synthesis.loops import Loops
from sonoloop.synthesis.still import open_still


def test_length_index_and_iteration() -> None:
    """One entry per sample."""
    pixels = np.random.default_rng(0).integers(0, 255, (32, 32), dtype=np.uint8)
    clips = tuple(np.full((16, 32, 32), sample, np.uint8) for sample in range(3))
    loops = Loops(clips, open_still(pixels, size=64), 8.0, None)
    assert len(loops) == 3
    assert loops[2][0, 0, 0] == 2
    assert [int(clip[0, 0, 0]) for clip in loops] == [0, 1, 2]
