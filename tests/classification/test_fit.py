"""Training a classifier: it learns, repeats itself, goes on, and refuses what cannot be trained."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from sonoloop.classification.config import ClassifierConfig, ClassifierTraining
from sonoloop.classification.fit import fingerprint, fit, train_in
from sonoloop.classification.labelled_clips import Held, LabelledClips
from sonoloop.classification.models import Classifier
from sonoloop.errors import UsageError
from sonoloop.training.log import read_lines

MakeClips = Callable[..., LabelledClips]
QUICK = ClassifierTraining(max_steps=3, batch_size=4, precision="32-true")


def _weights(model: Classifier) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


def test_it_learns_the_clips_it_is_given(
    moving_clips: MakeClips, tiny_config: ClassifierConfig
) -> None:
    """Thirty steps bring the loss on the clips trained on below half of chance (log 2)."""
    clips = moving_clips(8)
    settings = ClassifierTraining(
        max_steps=30, batch_size=8, learning_rate=1e-2, augmentation="none", precision="32-true"
    )
    model = fit(clips, tiny_config, settings, seed=0)
    assert not model.training
    levels = torch.from_numpy(clips.clips).unsqueeze(1).float() / 127.5 - 1
    with torch.inference_mode():
        loss = torch.nn.functional.cross_entropy(model(levels), torch.from_numpy(clips.labels))
    assert float(loss) < 0.35


def test_the_seed_decides_everything(
    moving_clips: MakeClips, tiny_config: ClassifierConfig
) -> None:
    """One seed gives the same weights twice, another one others; the caller's chance is left."""
    clips = moving_clips(6)
    config = tiny_config.model_copy(update={"dropout": 0.5})
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    one, same = (_weights(fit(clips, config, QUICK, seed=1)) for _ in range(2))
    torch.testing.assert_close(torch.rand(3), expected)
    torch.testing.assert_close(one, same, rtol=0, atol=0)
    assert not torch.equal(one, _weights(fit(clips, config, QUICK, seed=2)))


def test_an_interrupted_training_goes_on_to_the_same_weights(
    moving_clips: MakeClips, tiny_config: ClassifierConfig, tmp_path: Path
) -> None:
    """Stopped after the first step and started again: the weights of one that never stopped."""
    data = Held(moving_clips(8), moving_clips(4, seed=1))
    options = {"seed": 0, "device": "cpu", "console": Console(quiet=True)}
    stopped = train_in(tmp_path / "run", data, tiny_config, QUICK, **options, max_seconds=1e-9)
    assert stopped.step == 1
    assert stopped.stopped_by is not None
    again = fit(data.training, tiny_config, QUICK, seed=0, validation=data.validation,
                folder=tmp_path / "run")  # fmt: skip
    whole = fit(data.training, tiny_config, QUICK, seed=0, validation=data.validation)
    torch.testing.assert_close(_weights(again), _weights(whole), rtol=0, atol=0)
    finished = fit(data.training, tiny_config, QUICK, seed=0, validation=data.validation,
                   folder=tmp_path / "run")  # fmt: skip
    torch.testing.assert_close(_weights(finished), _weights(whole), rtol=0, atol=0)


def test_figures_of_every_epoch_are_logged(
    moving_clips: MakeClips, tiny_config: ClassifierConfig, tmp_path: Path
) -> None:
    """Six videos in batches of three are two steps an epoch: a line of losses and one held out."""
    settings = ClassifierTraining(epochs=2, batch_size=3, precision="32-true")
    fit(moving_clips(6), tiny_config, settings, seed=0, validation=moving_clips(4, seed=1),
        folder=tmp_path / "run")  # fmt: skip
    lines = read_lines(tmp_path / "run" / "log.jsonl")
    assert [line["step"] for line in lines if "losses" in line] == [2, 4]
    held_out = [line["validation"] for line in lines if "validation" in line]
    assert len(held_out) == 2
    assert set(held_out[0]) == {"loss", "accuracy", "balanced_accuracy", "auroc"}


def test_another_training_in_the_same_folder_is_refused(
    moving_clips: MakeClips, tiny_config: ClassifierConfig, tmp_path: Path
) -> None:
    """Other clips or another seed are another training."""
    fit(moving_clips(4), tiny_config, QUICK, seed=0, folder=tmp_path / "run")
    with pytest.raises(UsageError, match="was trained with data_fingerprint"):
        fit(moving_clips(4, seed=5), tiny_config, QUICK, seed=0, folder=tmp_path / "run")
    with pytest.raises(UsageError, match="was trained with seed = 0, now it is 1"):
        fit(moving_clips(4), tiny_config, QUICK, seed=1, folder=tmp_path / "run")


def test_one_class_only_is_refused(moving_clips: MakeClips, tiny_config: ClassifierConfig) -> None:
    """Naming the class that is missing and what there is."""
    clips = moving_clips(6)
    with pytest.raises(
        UsageError, match=r"the training set holds no clip of moving \(3 of still\)"
    ):
        fit(clips.select(clips.labels == 0), tiny_config, QUICK, seed=0)


def test_early_stopping_needs_validation(
    moving_clips: MakeClips, tiny_config: ClassifierConfig
) -> None:
    """Patience without held-out clips is refused."""
    settings = QUICK.model_copy(update={"patience": 2})
    with pytest.raises(UsageError, match="patience needs validation clips"):
        fit(moving_clips(4), tiny_config, settings, seed=0)


def test_early_stopping_ends_and_keeps_the_best(
    moving_clips: MakeClips, tiny_config: ClassifierConfig, tmp_path: Path
) -> None:
    """With meaningless labels the held-out loss soon rises; a second run has nothing to do."""
    clips, held_out = moving_clips(4), moving_clips(6, seed=3)
    shuffled = LabelledClips(
        held_out.clips, np.array([1, 1, 0, 0, 1, 0]), held_out.groups, held_out.synthetic
    )
    settings = ClassifierTraining(
        max_steps=60, batch_size=4, patience=2, learning_rate=0.01, augmentation="none",
        precision="32-true",
    )  # fmt: skip
    options = {"seed": 0, "device": "cpu", "console": Console(quiet=True)}
    outcome = train_in(tmp_path / "run", Held(clips, shuffled), tiny_config, settings, **options)
    assert outcome.stopped_by is None
    assert outcome.step < 60
    lines = read_lines(tmp_path / "run" / "log.jsonl")
    losses = [line["validation"]["loss"] for line in lines if "validation" in line]
    assert losses.index(min(losses)) == len(losses) - 3
    again = train_in(tmp_path / "run", Held(clips, shuffled), tiny_config, settings, **options)
    assert again.step == outcome.step
    model = fit(clips, tiny_config, settings, seed=0, validation=shuffled, folder=tmp_path / "run")
    levels = torch.from_numpy(shuffled.clips).unsqueeze(1).float() / 127.5 - 1
    with torch.inference_mode():
        loss = torch.nn.functional.cross_entropy(model(levels), torch.from_numpy(shuffled.labels))
    assert float(loss) == pytest.approx(min(losses), abs=1e-4)


def test_the_fingerprint_names_clips_and_labels(moving_clips: MakeClips) -> None:
    """Equal content, equal name; another label, another name."""
    clips = moving_clips(4)
    assert fingerprint(Held(clips, None)) == fingerprint(Held(moving_clips(4), None))
    other = LabelledClips(clips.clips, 1 - clips.labels, clips.groups, clips.synthetic)
    assert fingerprint(Held(clips, None)) != fingerprint(Held(other, None))
