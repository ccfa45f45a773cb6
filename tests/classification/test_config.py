"""Settings: published sizes by default, refusals, the way to the training loop."""

from typing import get_args

import pytest
from pydantic import ValidationError

from sonoloop.classification.config import (
    ClassifierConfig,
    ClassifierTraining,
    NetName,
    training_for,
)

CLASSES = ("benign", "malignant")


def test_size_and_frames_are_as_published() -> None:
    """C3D: 16 frames of 112; TSM: 8 of 224; what is given stays."""
    c3d, tsm = ClassifierConfig(net="c3d", classes=CLASSES), ClassifierConfig(
        net="tsm", classes=CLASSES, size=128
    )  # fmt: skip
    assert (c3d.num_frames, c3d.size, c3d.stretch) == (16, 112, 1)
    assert (tsm.num_frames, tsm.size) == (8, 128)
    assert ClassifierConfig(net="tdn", classes=CLASSES).stretch == 5
    assert (c3d.dropout, ClassifierConfig(classes=CLASSES).dropout) == (0.5, 0.0)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"classes": ("benign",)}, "at least 2 items"),
        ({"classes": ("benign", "benign")}, "class names must differ, got benign, benign"),
        ({"classes": CLASSES, "net": "i3d"}, "'r3d18', 'c3d', 'tsm', 'tdn' or 'atmnet'"),
        ({"classes": CLASSES, "widht": 16}, "widht"),
        ({"classes": CLASSES, "net": "c3d", "num_frames": 8}, "c3d needs num_frames of at least 1"),
        ({"classes": CLASSES, "net": "tdn", "size": 32}, "tdn needs size of at least 64, got 32"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, object], sentence: str) -> None:
    """With the value or key in the message."""
    with pytest.raises(ValidationError, match=sentence):
        ClassifierConfig.model_validate(values)


def test_the_paper_trains_for_50_epochs_without_early_stopping() -> None:
    """The defaults (LDDM, MICCAI 2024, Section 3)."""
    settings = ClassifierTraining()
    assert (settings.epochs, settings.patience) == (50, None)
    loop = settings.loop_config(100, seed=3)
    assert loop.max_steps == 50 * 7
    assert (loop.sample_every, loop.log_every, loop.seed) == (7, 7, 3)


def test_steps_take_the_place_of_epochs() -> None:
    """So that two arms with different numbers of clips make the same steps."""
    settings = ClassifierTraining(max_steps=30, batch_size=10)
    assert {settings.loop_config(count, seed=0).max_steps for count in (5, 500)} == {30}


@pytest.mark.parametrize("net", get_args(NetName))
def test_every_network_has_settings_of_its_own(net: NetName) -> None:
    """They are valid, and C3D, TSM and TDN learn by SGD in steps, as published."""
    settings = training_for(net)
    assert settings.epochs == 50
    assert (settings.optimizer == "sgd") == (net in {"c3d", "tsm", "tdn"})
    settings.loop_config(40, seed=0)
