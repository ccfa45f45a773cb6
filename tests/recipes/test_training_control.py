"""Labels of a dataset as stage 2 is told them."""

from pathlib import Path

import pytest
import torch

from sonoloop.data.clip_sampling import ClipSet
from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.diffusion.control import UNTOLD
from sonoloop.errors import UsageError
from sonoloop.recipes.config import Preset
from sonoloop.recipes.training_control import TrainingControl, with_control

ENERGIES = torch.linspace(0, 1, 101)


@pytest.fixture
def clips(dataset: Path, small: Preset) -> ClipSet:
    """Open the four training videos and give them labels, one of them none."""
    opened = ClipSet.open(dataset, "train", small.clip)
    opened.labels = ["cyst", "solid", "cyst", None]
    return opened


def test_preset_takes_the_labels_of_the_dataset(clips: ClipSet, small: Preset) -> None:
    """In alphabetical order, and only where control is asked for."""
    asked = small.model_copy(update={"control": True})
    assert with_control(asked, clips).diffusion.labels == ("cyst", "solid")
    assert with_control(asked, clips).diffusion.motion
    assert with_control(small, clips) == small
    clips.labels = ["cyst", "cyst", "cyst", None]
    assert with_control(asked, clips).diffusion.labels == ()


def test_clips_are_told_by_their_video(clips: ClipSet) -> None:
    """Number of the label, UNTOLD without one, and the share of clips that move less."""
    config = DiffusionConfig(labels=("solid", "cyst"), motion=True)
    control = TrainingControl(config, clips, ENERGIES)
    told = control.of_training(torch.tensor([0, 1, 3]), torch.tensor([0.0, 0.3, 1.0]))
    assert told is not None
    assert told.label.tolist() == [1, 0, UNTOLD]
    assert told.motion.tolist() == pytest.approx([0, 0.3, 1])


def test_a_model_without_control_is_told_nothing(clips: ClipSet) -> None:
    """Whatever the dataset says."""
    control = TrainingControl(DiffusionConfig(), clips, ENERGIES)
    assert control.of_training(torch.tensor([0]), torch.tensor([0.5])) is None


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (("cyst", "solid", "lipoma"), "no training video has the label 'lipoma': there are cyst"),
        (("cyst", "lipoma"), "video-1 has the label 'solid', diffusion.labels has cyst, lipoma"),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    clips: ClipSet, labels: tuple[str, ...], message: str
) -> None:
    """A class with no clip, and a clip of no class."""
    with pytest.raises(UsageError, match=message):
        TrainingControl(DiffusionConfig(labels=labels), clips, ENERGIES)
