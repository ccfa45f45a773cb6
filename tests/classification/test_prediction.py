"""Probabilities of classes: per clip, averaged per video."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from sonoloop.classification.config import ClassifierConfig
from sonoloop.classification.labelled_clips import LabelledClips
from sonoloop.classification.models import Classifier
from sonoloop.classification.prediction import class_probabilities, mean_by_video

MakeClips = Callable[..., LabelledClips]


@pytest.fixture
def model(tiny_config: ClassifierConfig) -> Classifier:
    """Return an untrained classifier."""
    torch.manual_seed(0)
    return Classifier(tiny_config.model_copy(update={"dropout": 0.5}))


def test_probabilities_do_not_depend_on_the_batch(
    moving_clips: MakeClips, model: Classifier
) -> None:
    """Rows sum to one and are the same in batches of 2 and 5; dropout is off meanwhile."""
    clips = moving_clips(5).clips
    two, five = (class_probabilities(model, clips, batch_size=size) for size in (2, 5))
    np.testing.assert_allclose(two, five, atol=1e-6)
    np.testing.assert_allclose(two.sum(axis=1), 1)
    assert model.training


def test_clips_are_brought_to_the_networks_size_and_frames(model: Classifier) -> None:
    """Flickering clips of 16 frames of 64 pixels give what every second frame of 32 does."""
    levels = np.random.default_rng(0).integers(0, 256, (3, 16, 1, 1), dtype=np.uint8)
    large = np.tile(levels, (1, 1, 64, 64))
    small = np.tile(levels[:, 1::2], (1, 1, 32, 32))
    both = [class_probabilities(model, clips) for clips in (large, small)]
    np.testing.assert_allclose(*both, atol=1e-6)
    assert np.ptp(both[0][:, 0]) > 1e-3


def test_no_clips_give_no_rows(moving_clips: MakeClips, model: Classifier) -> None:
    """An empty set has a table of the right width."""
    assert class_probabilities(model, moving_clips(2).clips[:0]).shape == (0, 2)


def test_windows_of_a_video_are_averaged() -> None:
    """By hand."""
    probabilities = np.array([[0.2, 0.8], [0.5, 0.5], [0.6, 0.4]])
    means, videos = mean_by_video(probabilities, np.array([4, 1, 4]))
    np.testing.assert_array_equal(videos, [1, 4])
    np.testing.assert_allclose(means, [[0.5, 0.5], [0.4, 0.6]])
