"""What the training loop needs to train a classifier: batches, loss, held-out figures."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional

from sonoloop.classification.augmentation import to_clip, vary
from sonoloop.classification.balanced_sampling import BalancedOrder
from sonoloop.classification.config import ClassifierTraining
from sonoloop.classification.early_stopping import EarlyStopping
from sonoloop.classification.labelled_clips import Held, LabelledClips
from sonoloop.classification.models import Classifier
from sonoloop.classification.prediction import class_logits
from sonoloop.classification.scores import macro_auroc
from sonoloop.classification.segment_sampling import segment_frames
from sonoloop.training.config import TrainingConfig
from sonoloop.training.optimizer import build_optimizer
from sonoloop.training.precision import AsTrained
from sonoloop.training.task import Learner, Losses, Task

NAME = "classifier"
_FRAME_STREAM = 14


class ClipBatch(NamedTuple):
    """What one step is trained on.

    Args:
        levels: Grey values of the frames chosen.
        labels: Class numbers.
        step: Steps made before it.
    """

    levels: Tensor
    labels: Tensor
    step: int


class ClassifierBatches:
    """Batches by step: the same for the same seed and step.

    Args:
        clips: Training clips.
        model: Says which frames it wants.
        settings: Batch size and balance.
        seed: Of order and frames.
    """

    def __init__(
        self, clips: LabelledClips, model: Classifier, settings: ClassifierTraining, *, seed: int
    ) -> None:
        """Prepare the order; nothing is read yet."""
        self._clips = clips
        self._config = model.config
        self._batch_size = settings.batch_size
        self._seed = seed
        self._order = BalancedOrder(
            clips,
            seed=seed,
            class_balanced=settings.class_balanced,
            synthetic_share=settings.synthetic_share,
        )

    def from_step(self, first_step: int, max_steps: int) -> Iterator[ClipBatch]:
        """Give the batches that are left.

        Args:
            first_step: Steps already made.
            max_steps: Steps in all.
        """
        for step in range(first_step, max_steps):
            yield self.batch(step)

    def batch(self, step: int) -> ClipBatch:
        """Put one batch together.

        Args:
            step: Steps made before it.
        """
        rng = np.random.default_rng([self._seed, _FRAME_STREAM, step])
        first = step * self._batch_size
        places = [self._order[n] for n in range(first, first + self._batch_size)]
        frames = self._clips.clips.shape[1]
        config = self._config
        chosen = [
            self._clips.clips[place].take(
                segment_frames(frames, config.num_frames, stretch=config.stretch, rng=rng), axis=0
            )
            for place in places
        ]
        return ClipBatch(
            torch.from_numpy(np.stack(chosen)), torch.from_numpy(self._clips.labels[places]), step
        )


def classifier_task(
    model: Classifier,
    data: Held,
    settings: ClassifierTraining,
    loop: TrainingConfig,
    fabric: Fabric,
    stopping: EarlyStopping | None = None,
) -> Task[ClipBatch]:
    """Compose batches, loss and held-out figures.

    Args:
        model: What to train.
        data: Clips to train on, and clips to measure on after every epoch.
        settings: Of the training.
        loop: The same, as the training loop takes them.
        fabric: Launched.
        stopping: Told the held-out figures; None trains to the end.

    Returns:
        The task.
    """
    training, validation = data
    batches = ClassifierBatches(training, model, settings, seed=loop.seed)
    steps_made = 0

    def step(
        modules: Mapping[str, nn.Module], batch: ClipBatch, generator: torch.Generator
    ) -> Iterator[tuple[str, Losses]]:
        nonlocal steps_made
        steps_made = batch.step + 1
        clip = vary(to_clip(batch.levels, model.config.size), settings.augmentation, generator)
        logits = modules[NAME](clip)
        loss = functional.cross_entropy(
            logits, batch.labels, label_smoothing=settings.label_smoothing
        )
        accuracy = (logits.detach().argmax(1) == batch.labels).float().mean()
        yield NAME, {"loss": loss, "accuracy": accuracy}

    def validate(ema_model: nn.Module) -> dict[str, float]:
        if validation is None:
            return {}
        logits = class_logits(
            AsTrained(ema_model, fabric),
            model.config,
            validation.clips,
            batch_size=settings.batch_size,
            device=fabric.device,
        )
        figures = held_out_figures(logits, torch.from_numpy(validation.labels))
        if stopping is not None:
            stopping.see(ema_model, figures, steps_made)
        return figures

    return Task(
        title=f"{NAME} {model.config.net}",
        learners=[Learner(NAME, model, build_optimizer(model, loop))],
        batches=lambda first_step: batches.from_step(first_step, loop.max_steps),
        step=step,
        sample=lambda _model, _path: None,
        validate=None if validation is None else validate,
        divisible=False,  # batch normalisation
    )


def held_out_figures(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """Measure what a classifier says of held-out clips.

    Args:
        logits: One row per clip.
        labels: Class numbers.

    Returns:
        Cross-entropy, accuracy, accuracy averaged over the classes there are, and the AUROC where
        every class has a clip.
    """
    right = (logits.argmax(1) == labels).double()
    by_class = [float(right[labels == number].mean()) for number in set(labels.tolist())]
    figures = {
        "loss": float(functional.cross_entropy(logits, labels)),
        "accuracy": float(right.mean()),
        "balanced_accuracy": sum(by_class) / len(by_class),
    }
    if len(by_class) == logits.shape[1]:
        figures["auroc"] = macro_auroc(labels.numpy(), logits.double().softmax(1).numpy())
    return figures
