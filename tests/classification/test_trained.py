"""A trained classifier is found again in its run folder."""

import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from sonoloop.classification.config import ClassifierConfig, ClassifierTraining
from sonoloop.classification.early_stopping import EarlyStopping
from sonoloop.classification.fit import fit
from sonoloop.classification.labelled_clips import LabelledClips
from sonoloop.classification.models import Classifier
from sonoloop.classification.prediction import class_probabilities
from sonoloop.classification.trained import load_classifier
from sonoloop.errors import UsageError
from sonoloop.training.checkpoint import Checkpoint, save_checkpoint
from sonoloop.training.run_folder import open_run

MakeClips = Callable[..., LabelledClips]
Flipped = Callable[[Path, int], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def early_stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a run that kept its best weights."""
    config = ClassifierConfig(classes=("still", "moving"), size=32, num_frames=8, width=4)
    folder = tmp_path_factory.mktemp("run")
    run = open_run(folder, {"classifier": config.model_dump(mode="json")}, resume=False)
    torch.manual_seed(0)
    model = Classifier(config)
    checkpoint = Checkpoint(1, {}, model.state_dict(), {}, {})
    save_checkpoint(run.checkpoints, checkpoint)
    EarlyStopping(run, 1, step=0, epoch=1).see(model, {"loss": 1.0}, 1)
    return folder


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


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(name=st.sampled_from(["best.safetensors", "config.json"]), bit=st.integers(0, 10**7))
def test_any_flipped_bit_is_found(
    early_stopped: Path, flipped: Flipped, name: str, bit: int
) -> None:
    """Of the weights that early stopping kept, and of what the run was asked for."""
    with flipped(early_stopped / name, bit), pytest.raises(UsageError, match=name):
        load_classifier(early_stopped)


def test_weights_of_an_older_version_have_no_checksum(early_stopped: Path, tmp_path: Path) -> None:
    """They are read as before."""
    shutil.copytree(early_stopped, tmp_path / "run")
    best = tmp_path / "run" / "best.safetensors"
    expected = load_classifier(early_stopped).state_dict()
    save_file({name: tensor.contiguous() for name, tensor in expected.items()}, best)
    found = load_classifier(tmp_path / "run").state_dict()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
