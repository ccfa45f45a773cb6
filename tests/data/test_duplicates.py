"""Perceptual hashes see copies, and tell scans of one device apart."""

import imagehash
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from sonoloop.data.duplicates import (
    MAX_DIFFERING_BITS_OF_STILLS,
    MAX_DIFFERING_BITS_OF_VIDEOS,
    MAX_HASHED_FRAMES,
    frame_hashes,
    near_duplicates,
)
from sonoloop.data.phantom import phantom_clip
from sonoloop.data.recording import Frames


def phantom(seed: int, num_frames: int = 20) -> Frames:
    """Make a phantom video."""
    return phantom_clip(np.random.default_rng(seed), size=64, num_frames=num_frames)


def differing_bits(one: Frames, other: Frames) -> int:
    """Compare the most similar frames directly."""
    bits = [np.unpackbits(frame_hashes(frames), axis=1).astype(int) for frames in (one, other)]
    return int(np.abs(bits[0][:, None] - bits[1][None]).sum(-1).min())


def test_hash_equals_imagehash() -> None:
    """The same bits as imagehash.phash(hash_size=16, highfreq_factor=4), an independent code."""
    frame = phantom(0)[:1]
    expected = imagehash.phash(Image.fromarray(frame[0]), hash_size=16, highfreq_factor=4)
    found = np.unpackbits(frame_hashes(frame), axis=1).reshape(16, 16)
    np.testing.assert_array_equal(found.astype(bool), expected.hash)


def test_frames_are_spread_over_the_video() -> None:
    """At most 16 are hashed, first and last among them."""
    frames = phantom(0, 40)
    hashes = frame_hashes(frames)
    assert len(hashes) == MAX_HASHED_FRAMES
    np.testing.assert_array_equal(hashes[[0, -1]], frame_hashes(frames[[0, -1]]))
    assert len(frame_hashes(frames[:3])) == 3


def resized(frames: Frames) -> Frames:
    """Scale to another size."""
    return np.stack([np.asarray(Image.fromarray(frame).resize((150, 150))) for frame in frames])


def noisy(frames: Frames) -> Frames:
    """Add what a lossy copy adds, and change the brightness."""
    noise = np.random.default_rng(1).normal(0, 6, frames.shape)
    return (frames * 0.8 + 12 + noise).clip(0, 255).astype(np.uint8)


def later(frames: Frames) -> Frames:
    """Cut the beginning."""
    return frames[5:]


@pytest.mark.parametrize("change", [resized, noisy, later])
def test_a_copy_is_found(change: object) -> None:
    """Scaled, noisier and darker, or cut in time."""
    assert callable(change)
    frames = ndimage.gaussian_filter(phantom(3), (0, 1, 1))
    assert differing_bits(frames, change(frames)) <= MAX_DIFFERING_BITS_OF_VIDEOS


def test_only_copies_are_found() -> None:
    """Of 12 phantoms and 3 copies, the 3 pairs; in order, whatever the blocks."""
    videos = [phantom(seed) for seed in range(12)]
    videos += [noisy(videos[seed]) for seed in (1, 4, 7)]
    hashes = [frame_hashes(video) for video in videos]
    found = near_duplicates(hashes, ["video"] * len(videos))
    assert [(pair.one, pair.other) for pair in found] == [(1, 12), (4, 13), (7, 14)]
    many = near_duplicates(hashes * 12, ["video"] * 12 * len(videos))  # several blocks
    # 12 copies of each make 66 pairs; the three copied ones have 24, which make 276.
    assert len(many) == 9 * 66 + 3 * 276


def test_the_count_of_bits_is_exact() -> None:
    """Against a direct comparison."""
    one, other = phantom(5), noisy(phantom(5))
    (pair,) = near_duplicates([frame_hashes(one), frame_hashes(other)], ["video", "video"])
    assert pair.differing_bits == differing_bits(one, other)


def test_stills_are_compared_less_strictly_than_videos() -> None:
    """Two frames that differ by 50 bits: near for stills, far once a video is among them."""
    bits = np.random.default_rng(0).integers(0, 2, (1, 256), dtype=np.uint8)
    far = bits.copy()
    far[:, :50] ^= 1
    hashes = [np.packbits(bits, axis=1), np.packbits(far, axis=1)]
    assert MAX_DIFFERING_BITS_OF_VIDEOS < 50 < MAX_DIFFERING_BITS_OF_STILLS
    assert near_duplicates(hashes, ["still", "still"])[0].differing_bits == 50
    assert near_duplicates(hashes, ["still", "video"]) == []
    assert near_duplicates([], []) == []
