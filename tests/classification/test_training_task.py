"""Batches, and figures of held-out clips."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from sonoloop.classification.config import ClassifierConfig, ClassifierTraining
from sonoloop.classification.labelled_clips import LabelledClips
from sonoloop.classification.models import Classifier
from sonoloop.classification.training_task import ClassifierBatches, held_out_figures

MakeClips = Callable[..., LabelledClips]


def test_a_batch_follows_from_seed_and_step(
    moving_clips: MakeClips, tiny_config: ClassifierConfig
) -> None:
    """Batch 5 is the same alone and after 0 to 4; its frames are the clip's, in order."""
    clips = moving_clips(6, num_frames=16)
    model, settings = Classifier(tiny_config), ClassifierTraining(batch_size=4)
    one, other = (ClassifierBatches(clips, model, settings, seed=0) for _ in range(2))
    in_order = list(one.from_step(0, 6))
    torch.testing.assert_close(in_order[5].levels, other.batch(5).levels)
    assert in_order[0].levels.shape == (4, 8, 32, 32)
    assert sorted(in_order[0].labels.tolist()) == [0, 0, 1, 1]
    for levels, label in zip(in_order[0].levels, in_order[0].labels, strict=True):
        of_class = clips.clips[clips.labels == int(label)]
        first = [np.array_equal(clip[0], levels[0]) or np.array_equal(clip[1], levels[0])
                 for clip in of_class]  # fmt: skip
        assert any(first)


def test_figures_by_hand() -> None:
    """Three of four right; class 0 two of two, class 1 one of two."""
    logits = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    figures = held_out_figures(logits, torch.tensor([0, 0, 1, 1]))
    right, wrong = float(np.log1p(np.exp(-1))), float(np.log1p(np.exp(1)))
    assert figures["loss"] == pytest.approx((3 * right + wrong) / 4)
    assert figures["accuracy"] == 0.75
    assert figures["balanced_accuracy"] == 0.75
    lopsided = held_out_figures(logits, torch.tensor([0, 0, 0, 1]))
    assert lopsided["accuracy"] == 0.5
    assert lopsided["balanced_accuracy"] == pytest.approx((2 / 3 + 0) / 2)
