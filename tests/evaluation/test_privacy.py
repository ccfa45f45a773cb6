"""Planted copies are found, whatever was done to hide them, and other clips are not."""

from functools import cache

import numpy as np
import pytest
import torch

from sonoloop.data.phantom import phantom_clip
from sonoloop.errors import SonoloopError
from sonoloop.evaluation.clip_embedding import (
    PIXEL_EMBEDDING_ID,
    flipped_pixel_embedding,
    pixel_embedding,
)
from sonoloop.evaluation.privacy import Copies, PrivacyThreshold, find_copies, privacy_threshold
from sonoloop.shapes import Clip

NUM_TRAIN, NUM_HELD_OUT = 40, 40


@cache
def phantoms(first_seed: int, count: int) -> Clip:
    """Simulate clips of 4 frames, each of its own patient."""
    frames = [
        phantom_clip(np.random.default_rng([9, first_seed + n]), size=32, num_frames=40)[::13]
        for n in range(count)
    ]
    return torch.from_numpy(np.stack(frames)[:, None]).float() / 127.5 - 1


def train_groups() -> list[str]:
    """Name the training patients."""
    return [f"train {n}" for n in range(NUM_TRAIN)]


@cache
def threshold() -> PrivacyThreshold:
    """Derive the threshold from training and held-out phantoms."""
    return privacy_threshold(
        [flipped_pixel_embedding(phantoms(1000, NUM_HELD_OUT))],
        pixel_embedding(phantoms(0, NUM_TRAIN)),
        held_out_groups=[f"held out {n}" for n in range(NUM_HELD_OUT)],
        train_groups=train_groups(),
        embedding=PIXEL_EMBEDDING_ID,
    )


def search(synthetic: Clip, still_groups: list[str]) -> Copies:
    """Look for copies of training phantoms."""
    return find_copies(
        [flipped_pixel_embedding(synthetic)],
        pixel_embedding(phantoms(0, NUM_TRAIN)),
        threshold(),
        still_groups=still_groups,
        train_groups=train_groups(),
    )


def exact(clip: Clip) -> Clip:
    """Change nothing."""
    return clip


def mirrored(clip: Clip) -> Clip:
    """Left to right."""
    return clip.flip(4)


def upside_down(clip: Clip) -> Clip:
    """Top to bottom."""
    return clip.flip(3)


def turned(clip: Clip) -> Clip:
    """Both."""
    return clip.flip((3, 4))


def brighter(clip: Clip) -> Clip:
    """By 15 % of the grey scale, cut off at white."""
    return (clip + 0.3).clamp(-1, 1)


def darker_and_noisy(clip: Clip) -> Clip:
    """With less contrast and some noise."""
    noise = torch.randn(clip.shape, generator=torch.Generator().manual_seed(0))
    return (0.7 * clip - 0.2 + 0.1 * noise).clamp(-1, 1)


@pytest.mark.parametrize("hide", [exact, mirrored, upside_down, turned, brighter, darker_and_noisy])
def test_planted_copies_are_found(hide: object) -> None:
    """Ten copies among ten new clips: every copy is above the threshold, with its original."""
    assert callable(hide)
    copied = list(range(5, 15))
    synthetic = torch.cat([hide(phantoms(0, NUM_TRAIN)[copied]), phantoms(2000, 10)])
    found = search(synthetic, [f"other {n}" for n in range(20)])
    assert found.above[:10].all()
    assert found.index[:10].tolist() == copied
    assert found.above[10:].float().mean() <= 0.3
    assert sorted(found.nearest_first()[:10].tolist()) == list(range(10))
    assert found.share_above == found.above.float().mean()


def test_new_clips_are_above_as_seldom_as_held_out_ones() -> None:
    """About 5 %: the threshold is a 95th percentile, and says what held-out clips score."""
    found = search(phantoms(3000, 60), [f"other {n}" for n in range(60)])
    assert found.share_above < 0.2
    assert threshold().held_out_share_above < 0.2
    assert (threshold().num_train, threshold().num_held_out) == (NUM_TRAIN, NUM_HELD_OUT)
    assert threshold().embedding == "grey-4x16x16"


def test_the_stills_own_patient_is_apart() -> None:
    """A clip like its own patient's is no copy, but the likeness is told."""
    clips = phantoms(0, NUM_TRAIN)[:4]
    found = search(clips, train_groups()[:4])
    assert not found.above.all()
    assert (found.index != torch.arange(4)).all()
    torch.testing.assert_close(found.own_similarity, torch.ones(4), atol=1e-5, rtol=0)


def test_without_training_clips_of_others_nothing_is_above() -> None:
    """All training clips are the still's own patient's."""
    clips = phantoms(0, NUM_TRAIN)[:3]
    found = find_copies(
        [flipped_pixel_embedding(clips)],
        pixel_embedding(clips),
        threshold(),
        still_groups=["a"] * 3,
        train_groups=["a"] * 3,
    )
    assert found.share_above == 0
    assert found.index.tolist() == [-1, -1, -1]


def test_a_patient_on_both_sides_is_refused() -> None:
    """The patient is named."""
    clips = phantoms(0, NUM_TRAIN)[:2]
    with pytest.raises(SonoloopError, match="1 groups are in training and held out, b for one"):
        privacy_threshold(
            [flipped_pixel_embedding(clips)],
            pixel_embedding(clips),
            held_out_groups=["b", "c"],
            train_groups=["a", "b"],
            embedding=PIXEL_EMBEDDING_ID,
        )
