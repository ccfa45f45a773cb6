"""The letterbox keeps aspect and content, there and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonoloop.data.letterbox import Letterbox
from sonoloop.data.recording import Box

SIDES = st.integers(1, 400)


@given(height=SIDES, width=SIDES, size=st.sampled_from([64, 128, 256]))
def test_content_lies_inside_and_fills_one_side(height: int, width: int, size: int) -> None:
    """The longer side fills the square, the other keeps the aspect to a pixel."""
    content = Letterbox.fit(height, width, size).content
    assert content.top >= 0 <= content.left
    assert content.bottom <= size >= content.right
    assert max(content.height, content.width) == size
    scale = size / max(height, width)
    assert abs(content.height - max(1, height * scale)) <= 0.5
    assert abs(content.width - max(1, width * scale)) <= 0.5


@given(height=st.integers(2, 90), width=st.integers(2, 90), grey=st.integers(0, 255))
def test_constant_frames_stay_constant(height: int, width: int, grey: int) -> None:
    """Neither direction changes a flat grey; around it the square is black."""
    letterbox = Letterbox.fit(height, width, 32)
    frames = np.full((2, height, width), grey, dtype=np.uint8)
    square = letterbox.apply(frames)
    top, left, bottom, right = letterbox.content
    assert (square[:, top:bottom, left:right] == grey).all()
    outside = np.ones((32, 32), dtype=bool)
    outside[top:bottom, left:right] = False
    assert not square[:, outside].any()
    np.testing.assert_array_equal(letterbox.undo(square), frames)


def test_same_size_changes_nothing() -> None:
    """A square scan of the model's size passes as it is, both ways."""
    frames = np.random.default_rng(0).integers(0, 256, (3, 64, 64), dtype=np.uint8)
    letterbox = Letterbox.fit(64, 64, 64)
    np.testing.assert_array_equal(letterbox.apply(frames), frames)
    np.testing.assert_array_equal(letterbox.undo(frames), frames)


def test_smooth_content_survives_the_round_trip() -> None:
    """A ramp comes back within 2 grey levels (the ramp rises 1.3 a pixel at half size)."""
    rows, columns = np.mgrid[:100, :140]
    frames = np.asarray([(rows + columns) * 255 // 238], dtype=np.uint8)
    letterbox = Letterbox.fit(100, 140, 64)
    restored = letterbox.undo(letterbox.apply(frames)).astype(int)
    inner = np.abs(restored - frames)[:, 5:-5, 5:-5]
    assert inner.max() <= 2


def test_shrinking_averages_instead_of_skipping() -> None:
    """A one-pixel checkerboard becomes mid grey: no aliasing."""
    board = (np.indices((256, 256)).sum(axis=0) % 2 * 255).astype(np.uint8)
    square = Letterbox.fit(256, 256, 64).apply(board[np.newaxis])
    assert np.abs(square.astype(int) - 127).max() <= 8


def test_flow_fields_are_restored_as_floats() -> None:
    """Negative values survive; the dtype is kept."""
    flow = np.full((2, 32, 32), -3.25, dtype=np.float32)
    restored = Letterbox.fit(20, 50, 32).undo(flow)
    assert restored.dtype == np.float32
    assert restored.shape == (2, 20, 50)
    np.testing.assert_allclose(restored, -3.25)


def test_known_placement() -> None:
    """200 x 400 into 128: 64 rows, centred."""
    assert Letterbox.fit(200, 400, 128).content == Box(32, 0, 96, 128)


def test_wrong_shapes_are_refused() -> None:
    """Both sizes are in the message."""
    letterbox = Letterbox.fit(20, 30, 16)
    with pytest.raises(ValueError, match=r"must be \(t, 20, 30\), got \(1, 30, 20\)"):
        letterbox.apply(np.zeros((1, 30, 20), dtype=np.uint8))
    with pytest.raises(ValueError, match=r"must be \(t, 16, 16\), got \(16, 16\)"):
        letterbox.undo(np.zeros((16, 16), dtype=np.float32))
    with pytest.raises(ValueError, match="at least 1, got 0, 5 and 64"):
        Letterbox.fit(0, 5, 64)
