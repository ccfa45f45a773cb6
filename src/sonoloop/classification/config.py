"""Settings of a classifier and of its training."""

from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sonoloop.training.config import TrainingConfig

NetName = Literal["r3d18", "c3d", "tsm", "tdn", "atmnet"]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class NetDefaults(NamedTuple):
    """What a network was published with.

    Args:
        num_frames: Frames (for TDN: stretches of five frames) it looks at.
        size: Height and width of a frame in pixels.
        dropout: Share of the features dropped before the last layer.
    """

    num_frames: int
    size: int
    dropout: float


PUBLISHED: Final[Mapping[str, NetDefaults]] = {
    "r3d18": NetDefaults(16, 112, 0.0),
    "c3d": NetDefaults(16, 112, 0.5),
    "tsm": NetDefaults(8, 224, 0.5),
    "tdn": NetDefaults(8, 224, 0.5),
    "atmnet": NetDefaults(8, 224, 0.0),
}

LEAST_FRAMES: Final[Mapping[str, int]] = {"c3d": 16}
LEAST_SIZE: Final[Mapping[str, int]] = {"tdn": 64}
"""Below these a pooling or a difference has nothing left to look at."""

TDN_STRETCH: Final = 5
"""Consecutive frames TDN looks at in each place (Wang et al. 2021, arXiv:2012.10071)."""


class ClassifierConfig(BaseModel):
    """Which network looks at what, and what it tells apart."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    net: NetName = "r3d18"
    """r3d18 (small, for a CPU), c3d, tsm, tdn or atmnet."""

    classes: tuple[str, ...] = Field(min_length=2)
    """Names of the classes in the order of their numbers."""

    size: int = Field(ge=32, le=512)
    """Height and width of the frames the network sees, in pixels; by default as published."""

    num_frames: int = Field(ge=1)
    """Frames the network sees, for tdn stretches of five; by default as published."""

    width: int = Field(default=64, ge=4)
    """Channels of r3d18's first stage; 16 trains on a CPU."""

    variant: Literal["xt", "t", "s", "b", "l"] = "xt"
    """Size of atmnet."""

    dropout: float = Field(ge=0, lt=1)
    """Share of the features dropped before the last layer (c3d: also before the one before it); by
    default as published."""

    @model_validator(mode="before")
    @classmethod
    def _as_published(cls, values: object) -> object:
        """Fill in what the network was published with."""
        if not isinstance(values, Mapping):
            return values
        published = PUBLISHED.get(str(values.get("net", "r3d18")))
        return {**(published._asdict() if published else {}), **values}

    @model_validator(mode="after")
    def _check(self) -> "ClassifierConfig":
        if len(set(self.classes)) < len(self.classes):
            msg = f"class names must differ, got {', '.join(self.classes)}"
            raise ValueError(msg)
        for name, least in (("num_frames", LEAST_FRAMES), ("size", LEAST_SIZE)):
            found, needed = getattr(self, name), least.get(self.net, 0)
            if found < needed:
                msg = f"{self.net} needs {name} of at least {needed}, got {found}"
                raise ValueError(msg)
        return self

    @property
    def stretch(self) -> int:
        """Consecutive frames in each place the network looks at."""
        return TDN_STRETCH if self.net == "tdn" else 1


class ClassifierTraining(BaseModel):
    """How a classifier is trained; as in the paper 50 epochs without early stopping."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    epochs: int = Field(default=50, ge=1)
    """Passes over the training videos, one random window of each."""

    max_steps: int | None = Field(default=None, ge=1)
    """Optimiser steps in all; takes the place of epochs, so that arms of a study get the same."""

    batch_size: int = Field(default=16, ge=1)
    """Clips per step."""

    optimizer: Literal["adamw", "sgd"] = "adamw"
    """AdamW, or SGD with momentum 0.9."""

    learning_rate: float = Field(default=1e-3, gt=0)
    """Highest learning rate."""

    decay: Literal["constant", "cosine", "steps"] = "cosine"
    """Course after the warm-up; "steps": a tenth after 40 %, a hundredth after 80 % of the steps
    (TSM: epochs 20 and 40 of 50)."""

    warmup_fraction: Fraction = 0.05
    """First part of the steps, in which the learning rate rises linearly."""

    weight_decay: float = Field(default=0.05, ge=0)
    """Of matrices and kernels; biases and norm gains are left alone."""

    gradient_clip: Annotated[float, Field(gt=0)] | Literal["none"] = 20.0
    """Largest norm of the gradient of all weights together; "none" for no limit."""

    ema_decay: float = Field(default=0.0, ge=0, lt=1)
    """Decay of the averaged weights, which are the result; 0 for the last weights themselves."""

    class_balanced: bool = True
    """Whether every class comes equally often, however many videos it has."""

    synthetic_share: Fraction | None = None
    """Share of synthetic clips in what is drawn; None draws from all clips alike."""

    augmentation: Literal["none", "consistent", "strong"] = "consistent"
    """How much clips are varied, all frames of a clip alike."""

    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Share of the target given to all classes alike."""

    patience: int | None = Field(default=None, ge=1)
    """Stop after this many epochs without a lower validation loss and keep the best weights; None
    trains to the end, as in the paper."""

    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    """"auto": bf16-mixed on a GPU and on a CPU with AMX tiles, else 32-true."""

    initial_weights: Path | None = None
    """Safetensors file of the network's weights to start from; the last layer may differ."""

    checkpoint_minutes: float = Field(default=10.0, gt=0)
    """Minutes between two checkpoints."""

    def steps_per_epoch(self, num_videos: int) -> int:
        """Count the steps of a pass over the videos.

        Args:
            num_videos: Training videos.
        """
        return ceil(num_videos / self.batch_size)

    def loop_config(self, num_videos: int, *, seed: int) -> TrainingConfig:
        """Translate into the settings of the one training loop.

        Args:
            num_videos: Training videos.
            seed: Decides first weights, order, windows and augmentation.
        """
        epoch = self.steps_per_epoch(num_videos)
        max_steps = self.max_steps or self.epochs * epoch
        return TrainingConfig(
            max_steps=max_steps,
            batch_size=self.batch_size,
            optimizer=self.optimizer,
            learning_rate=self.learning_rate,
            betas=(0.9, 0.999),
            weight_decay=self.weight_decay,
            warmup_steps=round(self.warmup_fraction * max_steps),
            decay=self.decay,
            cooldown_fraction=0.0,
            gradient_clip=self.gradient_clip,
            ema_decay=self.ema_decay,
            precision=self.precision,
            seed=seed,
            log_every=epoch,
            sample_every=epoch,
            checkpoint_minutes=self.checkpoint_minutes,
        )


def training_for(net: NetName) -> ClassifierTraining:
    """Give the settings a network was published with, as far as they fit 50 epochs of a few videos.

    Learning rates are scaled to a batch of 16 in proportion (Goyal et al. 2017, arXiv:1706.02677).

    Args:
        net: The network.
    """
    sgd = {"optimizer": "sgd", "decay": "steps", "warmup_fraction": 0.0}
    by_net: dict[NetName, dict[str, object]] = {
        "r3d18": {},
        # mmaction's config: 1e-3 at batch 30, clip 40, weight decay 5e-4
        "c3d": {**sgd, "learning_rate": 5e-4, "weight_decay": 5e-4, "gradient_clip": 40.0},
        # Lin et al. 2019: 0.02 at batch 128
        "tsm": {**sgd, "learning_rate": 2.5e-3, "weight_decay": 1e-4},
        # Wang et al. 2021: 0.01 at batch 64
        "tdn": {**sgd, "learning_rate": 2.5e-3, "weight_decay": 5e-4},
        # ActiveMLP: 5e-4 at batch 512 from scratch; the rate of fine-tuning, as is usual there
        "atmnet": {"learning_rate": 1e-4},
    }
    return ClassifierTraining.model_validate(by_net[net])
