"""Options of ``sonoloop classify train``; read without torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ValidationError

from sonoloop.classification.config import (
    ClassifierConfig,
    ClassifierTraining,
    NetName,
    training_for,
)
from sonoloop.data.config import DEFAULT_WINDOW_S, ClipConfig
from sonoloop.errors import UsageError

SplitChoice = Literal["train", "validation", "test", "all"]
Settings = TypeVar("Settings", bound=BaseModel)


@dataclass(frozen=True)
class ClassifyOptions:
    """Which network learns what, from which windows, how.

    Args:
        net: Network: r3d18 (small), c3d, tsm, tdn or atmnet.
        variant: Size of atmnet: xt, t, s, b or l.
        width: Channels of r3d18's first stage; 16 trains on a CPU, 64 is the published one.
        size: Height and width of what the network sees, in pixels; by default as published (112
            for r3d18 and c3d, else 224).
        frames: Frames (for tdn stretches of five) the network sees; by default as published.
        window_s: Seconds of video a clip of 16 frames spans.
        windows: Most windows of one video; the probabilities of a video are their mean.
        epochs: Passes over the training videos.
        batch_size: Clips per step.
        learning_rate: Highest learning rate; by default the network's own.
        augmentation: How much training clips are varied, all frames alike.
        any_class: Draw every video equally often instead of every class.
        patience: Stop after this many epochs without a lower validation loss and keep the best
            weights; without it the training goes to its end, as the paper's did.
        init: Weights to start from: safetensors file, or the --out of another training.
        precision: Number format; auto takes bf16 where the hardware is fast at it.
        seed: Decides first weights, order, windows, augmentation.
    """

    net: NetName = "r3d18"
    variant: Literal["xt", "t", "s", "b", "l"] = "xt"
    width: int = 64
    size: int | None = None
    frames: int | None = None
    window_s: float = DEFAULT_WINDOW_S
    windows: int = 4
    epochs: int = 50
    batch_size: int = 16
    learning_rate: float | None = None
    augmentation: Literal["none", "consistent", "strong"] = "consistent"
    any_class: bool = False
    patience: int | None = None
    init: Path | None = None
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    seed: int = 0

    def classifier(self, classes: tuple[str, ...]) -> ClassifierConfig:
        """Compose the network's settings.

        Args:
            classes: Names of the classes.

        Raises:
            UsageError: If one is impossible.
        """
        if self.windows < 1:
            msg = f"--windows {self.windows}: at least 1 window of a video is needed"
            raise UsageError(msg)
        given = {"size": self.size, "num_frames": self.frames}
        values: dict[str, object] = {
            "net": self.net,
            "variant": self.variant,
            "width": self.width,
            "classes": classes,
        }
        return _validated(ClassifierConfig, values | _without_none(given))

    def training(self) -> ClassifierTraining:
        """Compose the training's settings, the network's own where nothing is given.

        Raises:
            UsageError: If one is impossible.
        """
        values = training_for(self.net).model_dump() | {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "augmentation": self.augmentation,
            "class_balanced": not self.any_class,
            "patience": self.patience,
            "initial_weights": self.init,
            "precision": self.precision,
        }
        given = {"learning_rate": self.learning_rate}
        return _validated(ClassifierTraining, values | _without_none(given))

    def clip(self, size: int) -> ClipConfig:
        """Say what a window is.

        Args:
            size: The dataset's, in pixels.

        Raises:
            UsageError: If the window is no time.
        """
        return _validated(ClipConfig, {"size": size, "window_s": self.window_s})


def _without_none(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _validated(kind: type[Settings], values: dict[str, object]) -> Settings:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "settings"
        reason = first["msg"].removeprefix("Value error, ")
        msg = f"{place.replace('_', '-')}: {reason}, got {first['input']!r}"
        raise UsageError(msg) from error
