"""Loops behave like a list of arrays."""

import numpy as np
import pytest

from sonoloop.errors import UsageError
from sonoloop.synthesis.loops import LoopOptions, Loops
from sonoloop.synthesis.still import open_still


def test_length_index_and_iteration() -> None:
    """One entry per sample."""
    pixels = np.random.default_rng(0).integers(0, 255, (32, 32), dtype=np.uint8)
    clips = tuple(np.full((16, 32, 32), sample, np.uint8) for sample in range(3))
    loops = Loops(clips, open_still(pixels, size=64), 8.0, None)
    assert len(loops) == 3
    assert loops[2][0, 0, 0] == 2
    assert [int(clip[0, 0, 0]) for clip in loops] == [0, 1, 2]


def test_plain_loops_ask_for_nothing() -> None:
    """Length and closing are the decoder's business; label, motion and guidance are stage 2's."""
    assert not LoopOptions(num_frames=40, loop=True).asks_for_control
    for asked in ({"label": "cyst"}, {"motion": 0.0}, {"guidance_scale": 1.0}):
        assert LoopOptions(**asked).asks_for_control  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="a clip needs at least 2 frames"):
        LoopOptions(num_frames=0)
