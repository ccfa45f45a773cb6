"""What a recipe hands to the training loop: learners, batches and named losses."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

Batch = TypeVar("Batch")

Losses = dict[str, Tensor]
"""Scalars by name; "loss" is the one that is minimised."""

TrainingStep = Callable[
    [Mapping[str, nn.Module], Batch, torch.Generator], Iterator[tuple[str, Losses]]
]
"""Given the modules by learner's name, a batch on the device and a generator, yields the losses
of one learner after the other; each is updated before the step goes on, so that a critic comes
before the model it judges."""


@dataclass(frozen=True)
class Learner:
    """A module and the optimiser of its weights: the trained model, or a critic beside it.

    Args:
        name: Prefix of its weights in checkpoints and its key in the training step.
        module: What is trained.
        optimizer: Holds the module's weights.
        learning_rate_scale: Its learning rate relative to the config's.
    """

    name: str
    module: nn.Module
    optimizer: Optimizer
    learning_rate_scale: float = 1.0


@dataclass(frozen=True)
class Task(Generic[Batch]):
    """One training, as far as it differs from others.

    Args:
        title: What is trained, for people.
        learners: The model, which is averaged and exported, then its critics if any.
        batches: Batches of this process from a step to the end.
        step: Computes the losses.
        validate: Computes losses of held-out data with the averaged model; None to skip.
        sample: Draws a strip with the averaged model into a file.
        divisible: Whether the gradients of a batch's parts add up to that of the batch: not where
            a normalisation looks at the whole batch.
    """

    title: str
    learners: Sequence[Learner]
    batches: Callable[[int], Iterable[Batch]]
    step: TrainingStep[Batch]
    sample: Callable[[nn.Module, Path], None]
    validate: Callable[[nn.Module], Mapping[str, float]] | None = None
    divisible: bool = True
