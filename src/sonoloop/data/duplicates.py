"""Near-duplicates by perceptual hash, so that copies of one scan cannot lie on two sides.

Perceptual hash of 256 bits: a frame scaled to 64 x 64, its 16 x 16 lowest DCT coefficients, each
above their median or not (the pHash of the ``imagehash`` package with hash_size 16). Two scans
are near-duplicates where any two of their frames differ in few bits.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import fft

from sonoloop.data.recording import Frames
from sonoloop.data.stored_item import Kind

Hashes = npt.NDArray[np.uint8]
"""Packed bits (frames, 32)."""

HASH_SIDE = 16
_DCT_SIDE = 4 * HASH_SIDE

MAX_HASHED_FRAMES = 16
"""Frames hashed per video, spread evenly from first to last."""

MAX_DIFFERING_BITS_OF_STILLS = 64
"""On 579 BUSI stills every pair up to 72 showed one lesion; other pairs begin at about 80."""

MAX_DIFFERING_BITS_OF_VIDEOS = 40
"""The least of up to 256 comparisons. Of different patients on one scanner (BLUES) it is 44."""

_BLOCK = 2048


class NearDuplicate(NamedTuple):
    """Two items that show the same scan.

    Args:
        one: Number of the first item.
        other: Number of the second item, greater.
        differing_bits: Of their two most similar frames, out of 256.
    """

    one: int
    other: int
    differing_bits: int


def frame_hashes(frames: Frames) -> Hashes:
    """Hash up to ``MAX_HASHED_FRAMES`` frames.

    Args:
        frames: Grey frames (t, h, w) without letterbox.

    Returns:
        Packed bits (frames, 32).
    """
    count = min(len(frames), MAX_HASHED_FRAMES)
    chosen = np.linspace(0, len(frames) - 1, count).round().astype(np.intp)
    side = (_DCT_SIDE, _DCT_SIDE)
    small = np.stack(
        [
            np.asarray(Image.fromarray(frame).resize(side, Image.Resampling.LANCZOS))
            for frame in frames[chosen]
        ]
    )
    spectrum = fft.dctn(small.astype(np.float64), axes=(1, 2))
    lowest = spectrum[:, :HASH_SIDE, :HASH_SIDE].reshape(count, -1)
    return np.packbits(lowest > np.median(lowest, axis=1, keepdims=True), axis=1)


def near_duplicates(hashes: Sequence[Hashes], kinds: Sequence[Kind]) -> list[NearDuplicate]:
    """Compare every item with every other.

    Args:
        hashes: Hashes of each item, at least one row.
        kinds: Kind of each item; where one of the two is a video the limit is stricter.

    Returns:
        The pairs at or below the limit, in order.
    """
    if not hashes:
        return []
    counts = np.array([len(rows) for rows in hashes])
    signs = np.unpackbits(np.concatenate(hashes), axis=1).astype(np.float32) * 2 - 1
    is_still = np.array([kind == "still" for kind in kinds])
    starts = np.concatenate([[0], np.cumsum(counts)])
    blocks = list(_blocks(counts))
    found = []
    for number, rows in enumerate(blocks):
        for columns in blocks[number:]:
            least = _least_differences(signs, starts, rows, columns)
            both_stills = (
                is_still[rows.start : rows.stop, None] & is_still[columns.start : columns.stop]
            )
            limit = np.where(
                both_stills, MAX_DIFFERING_BITS_OF_STILLS, MAX_DIFFERING_BITS_OF_VIDEOS
            )
            for one, other in np.argwhere(least <= limit):
                if rows.start + one < columns.start + other:
                    pair = int(rows.start + one), int(columns.start + other)
                    found.append(NearDuplicate(*pair, int(least[one, other])))
    return sorted(found)


def _blocks(counts: npt.NDArray[np.int_]) -> Iterator[range]:
    """Divide the items into runs with about ``_BLOCK`` hashes each."""
    first, hashes = 0, 0
    for item, count in enumerate(counts):
        if hashes + count > _BLOCK and hashes:
            yield range(first, item)
            first, hashes = item, 0
        hashes += int(count)
    yield range(first, len(counts))


def _least_differences(
    signs: npt.NDArray[np.float32], starts: npt.NDArray[np.int_], rows: range, columns: range
) -> npt.NDArray[np.float32]:
    """Differing bits of the most similar frames of each item of a block with each of another."""
    one = signs[starts[rows.start] : starts[rows.stop]]
    other = signs[starts[columns.start] : starts[columns.stop]]
    # Signs multiply to +1 where bits agree: sum = bits - 2 * differing.
    differing = (signs.shape[1] - one @ other.T) / 2
    by_row = np.minimum.reduceat(differing, starts[rows.start : rows.stop] - starts[rows.start], 0)
    first_columns = starts[columns.start : columns.stop] - starts[columns.start]
    least: npt.NDArray[np.float32] = np.minimum.reduceat(by_row, first_columns, 1)
    return least
