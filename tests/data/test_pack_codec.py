"""The codec gives frames back nearly as they were, and their motion with them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import dctn

from sonoloop.data import pack_codec
from sonoloop.data.pack_codec import decode_frames, encode_frames
from sonoloop.data.phantom import phantom_clip
from sonoloop.data.recording import Frames


def noise(shape: tuple[int, int, int], seed: int = 0) -> Frames:
    """Return frames of independent grey levels: the hardest there are."""
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@settings(max_examples=25)
@given(
    shape=st.tuples(st.integers(1, 20), st.integers(1, 20), st.integers(1, 20)),
    step=st.floats(1.0, 64.0),
    seed=st.integers(0, 99),
)
def test_error_is_bounded(shape: tuple[int, int, int], step: float, seed: int) -> None:
    """The transform is orthonormal: the error of a coefficient is at most half a step."""
    frames = noise(shape, seed)
    decoded = decode_frames(encode_frames(frames, step), shape, step)
    assert decoded.dtype == np.uint8
    blocks = np.prod([-(-side // 8) for side in shape])
    most = (step / 2) ** 2 * 512 * blocks + frames.size  # and half a level of rounding
    assert np.square(decoded.astype(float) - frames).sum() <= most


def test_small_steps_are_nearly_exact() -> None:
    """At the smallest step noise comes back within two grey levels."""
    frames = noise((9, 17, 23))
    decoded = decode_frames(encode_frames(frames, 1.0), frames.shape, 1.0)
    assert np.abs(decoded.astype(int) - frames).max() <= 2


def test_extremes_fit_sixteen_bits() -> None:
    """Black, white and blocks that alternate have the largest coefficients."""
    for pattern in (np.zeros, np.ones):
        frames = pattern((8, 8, 8), dtype=np.uint8) * 255
        assert np.array_equal(decode_frames(encode_frames(frames, 1.0), (8, 8, 8), 1.0), frames)
    checkers = (np.indices((8, 8, 8)).sum(axis=0) % 2 * 255).astype(np.uint8)
    decoded = decode_frames(encode_frames(checkers, 1.0), (8, 8, 8), 1.0)
    assert np.abs(decoded.astype(int) - checkers).max() <= 1


def test_coefficients_are_those_of_scipy() -> None:
    """DCT-II, orthonormal, of one block: ``scipy.fft.dctn``."""
    frames = noise((8, 8, 8))
    found = np.sort(pack_codec._transform(frames).ravel())  # noqa: SLF001
    expected = np.sort(dctn(frames.astype(float) - 128, norm="ortho").ravel())
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_chunks_join(monkeypatch: pytest.MonkeyPatch) -> None:
    """A video longer than a chunk comes back in order."""
    monkeypatch.setattr(pack_codec, "CHUNK_FRAMES", 16)
    ramp = np.arange(41, dtype=np.uint8)[:, None, None] * 5
    frames = np.broadcast_to(ramp, (41, 8, 8)).copy()
    decoded = decode_frames(encode_frames(frames, 2.0), (41, 8, 8), 2.0)
    assert np.abs(decoded.astype(int) - frames).max() <= 2


def test_a_moving_phantom_takes_few_bytes_and_still_moves() -> None:
    """Under a sixth of the raw size, above 36 dB, temporal energy within 15 %."""
    frames = phantom_clip(np.random.default_rng(0), size=64, num_frames=48)
    data = encode_frames(frames, pack_codec.DEFAULT_STEP)
    assert len(data) < frames.size / 6
    decoded = decode_frames(data, frames.shape, pack_codec.DEFAULT_STEP)
    energies = [np.abs(np.diff(v[::3].astype(float), axis=0)).mean() for v in (frames, decoded)]
    assert energies[1] / energies[0] == pytest.approx(1, abs=0.15)
    assert np.square(decoded.astype(float) - frames).mean() < 255**2 / 10**3.6


def test_wrong_numbers_are_refused() -> None:
    """A step below 1 would overflow; another length of video is not what was written."""
    frames = noise((8, 8, 8))
    for step in (0.5, float("nan")):
        with pytest.raises(ValueError, match="step must be at least 1"):
            encode_frames(frames, step)
    with pytest.raises(ValueError, match="1024 bytes of levels for frames"):
        decode_frames(encode_frames(frames, 4.0), (16, 8, 8), 4.0)
