"""Grey frames as few bytes: a cosine transform over time, height and width, rounded.

A block of 8 frames of 8 x 8 pixels becomes 512 coefficients,

    c[u, v, w] = sum d[u, t] d[v, y] d[w, x] (p[t, y, x] - 128),
    d[k, n] = sqrt(2 / 8) cos(pi (n + 1/2) k / 8), divided by sqrt(2) for k = 0

(Ahmed, Natarajan and Rao 1974, in three dimensions), each rounded to a multiple of ``step`` grey
levels. Coefficients of one frequency lie behind one another, low frequencies first, so that bzip2
finds runs of zeros. Motion that lasts costs little, and unlike a picture at a time this neither
makes still tissue flicker nor, at the default step, damps it. NumPy alone is needed.
"""

import bz2
import math
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from sonoloop.data.recording import Frames

BLOCK: Final = 8
MIDDLE: Final = 128.0
"""Grey level that is coded as 0."""
CHUNK_FRAMES: Final = 256
"""Frames transformed at a time; bounds the memory that a long video takes."""
DEFAULT_STEP: Final = 16.0
"""Grey levels; raises the temporal energy by 2 %; 25,000 frames of 128 pixels take less than 20 MB
(docs/data.md)."""
MIN_STEP: Final = 1.0
"""From here up every coefficient, 128 * 8^1.5 at most, fits 16 bits."""

Coefficients = npt.NDArray[np.float32]


def _cosines() -> Coefficients:
    """Return d[k, n], orthonormal."""
    frequency, place = np.mgrid[:BLOCK, :BLOCK]
    waves = np.sqrt(2 / BLOCK) * np.cos(np.pi * (place + 0.5) * frequency / BLOCK)
    waves[0] /= np.sqrt(2)
    cosines: Coefficients = waves.astype(np.float32)
    return cosines


_COSINES: Final = _cosines()
_LOW_FIRST: Final = np.argsort(np.indices((BLOCK,) * 3).sum(axis=0).ravel(), kind="stable")


def encode_frames(frames: Frames, step: float) -> bytes:
    """Compress a video or still.

    Args:
        frames: (t, h, w), uint8, at least one.
        step: Distance of two values of a coefficient in grey levels, at least ``MIN_STEP``.

    Returns:
        What :func:`decode_frames` takes.

    Raises:
        ValueError: If the step is too small.
    """
    if not step >= MIN_STEP:
        msg = f"step must be at least {MIN_STEP:g}, got {step}"
        raise ValueError(msg)
    compressor = bz2.BZ2Compressor()
    parts = []
    for start, count in _chunks(len(frames)):
        levels = np.rint(_transform(frames[start : start + count]) / step).astype(np.int16)
        low = levels.astype(np.int8)  # wraps: the rest is a multiple of 256
        high = ((levels - low) >> 8).astype(np.int8)
        parts += [compressor.compress(plane.tobytes()) for plane in (low, high)]
    return b"".join([*parts, compressor.flush()])


def decode_frames(data: bytes, shape: tuple[int, int, int], step: float) -> Frames:
    """Rebuild a video or still.

    Args:
        data: As :func:`encode_frames` gives it.
        shape: (t, h, w) of the frames.
        step: As encoded with.

    Raises:
        ValueError: If the data do not hold this many frames.
    """
    num_frames, height, width = shape
    rows, columns = (-(-side // BLOCK) for side in (height, width))
    grids = [(BLOCK**3, -(-count // BLOCK), rows, columns) for _, count in _chunks(num_frames)]
    expected = 2 * sum(math.prod(grid) for grid in grids)
    planes = np.frombuffer(_decompressed(data, expected), dtype=np.int8)
    if len(planes) != expected:
        msg = f"{len(planes)} bytes of levels for frames {shape}, {expected} expected"
        raise ValueError(msg)
    frames = np.empty(shape, dtype=np.uint8)
    for (start, count), grid in zip(_chunks(num_frames), grids, strict=True):
        low, high = planes[: 2 * math.prod(grid)].reshape(2, *grid)
        planes = planes[2 * math.prod(grid) :]
        levels = low.astype(np.float32)
        if high.any():
            levels += high.astype(np.float32) * 256
        made = _transform_back(levels * np.float32(step))
        frames[start : start + count] = made[:count, :height, :width]
    return frames


def _decompressed(data: bytes, expected: int) -> bytes:
    """Decompress no more than what is expected and a byte: a few bytes can stand for gigabytes."""
    decompressor = bz2.BZ2Decompressor()
    try:
        return decompressor.decompress(data, max_length=expected + 1)
    except OSError as error:
        raise ValueError(str(error).lower()) from error


def _chunks(num_frames: int) -> Iterator[tuple[int, int]]:
    for start in range(0, num_frames, CHUNK_FRAMES):
        yield start, min(CHUNK_FRAMES, num_frames - start)


def _transform(frames: Frames) -> Coefficients:
    """Turn frames into coefficients (frequency, block of time, of rows, of columns)."""
    missing = [(0, -side % BLOCK) for side in frames.shape]
    padded = np.pad(frames, missing, mode="edge").astype(np.float32) - np.float32(MIDDLE)
    times, rows, columns = (side // BLOCK for side in padded.shape)
    blocks = padded.reshape(times, BLOCK, rows, BLOCK, columns, BLOCK)
    waves = (_COSINES,) * 3
    found = np.einsum("atbycx,ut,vy,wx->uvwabc", blocks, *waves, optimize=True)
    coefficients: Coefficients = found.reshape(BLOCK**3, times, rows, columns)[_LOW_FIRST]
    return coefficients


def _transform_back(coefficients: Coefficients) -> Frames:
    """Turn coefficients into frames, their sides multiples of the block's."""
    ordered = np.empty_like(coefficients)
    ordered[_LOW_FIRST] = coefficients
    _, times, rows, columns = coefficients.shape
    cube = ordered.reshape(BLOCK, BLOCK, BLOCK, times, rows, columns)
    waves = (_COSINES,) * 3
    blocks = np.einsum("uvwabc,ut,vy,wx->atbycx", cube, *waves, optimize=True)
    levels = blocks.reshape(times * BLOCK, rows * BLOCK, columns * BLOCK) + np.float32(MIDDLE)
    frames: Frames = np.rint(levels).clip(0, 255).astype(np.uint8)
    return frames
