"""Clips of two classes that differ in motion alone, and a network small enough for tests."""

from collections.abc import Callable

import numpy as np
import pytest

from sonoloop.classification.config import ClassifierConfig
from sonoloop.classification.labelled_clips import LabelledClips

MakeClips = Callable[..., LabelledClips]


def _moving_clips(
    count: int, *, seed: int = 0, num_frames: int = 8, size: int = 32, synthetic: bool = False
) -> LabelledClips:
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    frames = np.arange(num_frames)
    pictures = rng.integers(0, 256, (count, size, size), dtype=np.uint8)
    clips = [
        np.stack([np.roll(picture, 2 * label * frame, 1) for frame in frames])
        for picture, label in zip(pictures, labels, strict=True)
    ]
    return LabelledClips(
        np.stack(clips),
        labels.astype(np.int64),
        tuple(f"patient {seed}-{number // 2}" for number in range(count)),
        np.full(count, synthetic),
    )


@pytest.fixture
def moving_clips() -> MakeClips:
    """Make clips of noise: class 0 stands still, class 1 wanders two pixels a frame."""
    return _moving_clips


@pytest.fixture
def tiny_config() -> ClassifierConfig:
    """Return the smallest R3D-18 that still learns."""
    return ClassifierConfig(classes=("still", "moving"), size=32, num_frames=8, width=4)
