"""A trained classifier is found again in its run folder."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sonoloop.classification.config import ClassifierConfig, ClassifierTraining
from sonoloop.classification.fit import fit
from sonoloop.classification.labelled_clips import LabelledClips
from sonoloop.classification.prediction import class_probabilities
from sonoloop.classification.trained import load_classifier
from sonoloop.errors import UsageError

MakeClips = Callable[..., LabelledClips]


def test_the_folder_gives_the_classifier_that_was_trained(
    moving_clips: MakeClips, tiny_config: ClassifierConfig, tmp_path: Path
) -> None:
    """Same probabilities, classes and mode."""
    clips = moving_clips(4)
    settings = ClassifierTraining(max_steps=2, batch_size=4, precision="32-true")
    trained = fit(clips, tiny_config, settings, seed=0, folder=tmp_path / "run")
    loaded = load_classifier(tmp_path / "run")
    assert loaded.config == tiny_config
    assert not loaded.training
    one, other = (class_probabilities(model, clips.clips) for model in (trained, loaded))
    np.testing.assert_allclose(one, other)


def test_another_kind_of_run_is_refused(tmp_path: Path) -> None:
    """A run of stage 1 holds no classifier."""
    checkpoint = tmp_path / "checkpoints" / "step-00000001"
    checkpoint.mkdir(parents=True)
    (tmp_path / "config.json").write_text(json.dumps({"stage": "autoencoder"}))
    with pytest.raises(UsageError, match=r"holds no classifier: give the --out of 'sonoloop class"):
        load_classifier(tmp_path)
