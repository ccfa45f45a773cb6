"""Train a classifier on labelled clips, in memory or in a folder it can go on from."""

import hashlib
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from rich.console import Console

from sonoloop.classification.config import ClassifierConfig, ClassifierTraining
from sonoloop.classification.early_stopping import EarlyStopping
from sonoloop.classification.initial_weights import start_from
from sonoloop.classification.labelled_clips import Held, LabelledClips
from sonoloop.classification.models import Classifier
from sonoloop.classification.trained import load_classifier
from sonoloop.classification.training_task import classifier_task
from sonoloop.errors import UsageError
from sonoloop.training.checkpoint import latest_checkpoint, load_checkpoint
from sonoloop.training.interruption import Interruption, raise_if_signalled
from sonoloop.training.launch import fabric_on
from sonoloop.training.loop import Outcome
from sonoloop.training.run_folder import claimed_run
from sonoloop.training.session import run_training


def fit(
    training: LabelledClips,
    config: ClassifierConfig,
    settings: ClassifierTraining,
    *,
    seed: int,
    validation: LabelledClips | None = None,
    device: str = "cpu",
    console: Console | None = None,
    folder: Path | None = None,
) -> Classifier:
    """Train a classifier; the same seed and data give the same weights.

    Args:
        training: Clips to train on; every class has some.
        config: Which network and classes.
        settings: How to train it.
        seed: Decides first weights, order, frames, augmentation and dropout.
        validation: Clips to measure on after every epoch, for the log and for early stopping.
        device: Such as "cpu", "cuda" or "cuda:1".
        console: Where people read; None shows nothing.
        folder: Where log and checkpoints go, and where a training of the same data and settings
            goes on; None keeps nothing.

    Returns:
        The trained classifier in evaluation mode, on the device.

    Raises:
        UsageError: If a class has no training clip, or the folder holds another training.
        SonoloopError: If a loss is not finite.
        KeyboardInterrupt: If a signal asked to stop; the folder holds a checkpoint.
    """
    with ExitStack() as stack:
        path = folder or Path(stack.enter_context(TemporaryDirectory()))
        outcome = train_in(
            path,
            Held(training, validation),
            config,
            settings,
            seed=seed,
            device=device,
            console=console or Console(quiet=True),
        )
        raise_if_signalled(outcome.stopped_by)
        return load_classifier(path, device=device)


def train_in(
    folder: Path,
    data: Held,
    config: ClassifierConfig,
    settings: ClassifierTraining,
    *,
    seed: int,
    device: str,
    console: Console,
    max_seconds: float | None = None,
) -> Outcome:
    """Train in a run folder, from its newest checkpoint if there is one.

    Args:
        folder: Run folder; gets config, environment, log and checkpoints.
        data: Clips.
        config: Which network and classes.
        settings: How to train it.
        seed: Decides first weights, order, frames, augmentation and dropout.
        device: Such as "cpu", "cuda" or "cuda:1".
        console: Where people read.
        max_seconds: Stop with a checkpoint after this time; None for no limit.

    Returns:
        How it ended; early stopping counts as an end like any other.

    Raises:
        UsageError: If a class has no training clip, early stopping has no validation clips, or
            the folder holds another training.
        SonoloopError: If a loss is not finite or a checkpoint cannot be written.
    """
    training, validation = data
    training.require_classes(config.classes, "the training set")
    if settings.patience is not None and validation is None:
        msg = "patience needs validation clips, and there are none: leave patience out"
        raise UsageError(msg)
    loop = settings.loop_config(training.num_videos, seed=seed)
    with claimed_run(folder, _run_config(data, config, settings, seed), resume=True) as run:
        checkpoint = latest_checkpoint(run.checkpoints)
        stopping = None
        if settings.patience is not None:
            step = load_checkpoint(checkpoint).step if checkpoint else 0
            stopping = EarlyStopping(run, settings.patience, step=step, epoch=loop.sample_every)
            if checkpoint and stopping.reason() is not None:
                return Outcome(step, None, checkpoint)
        interruption = Interruption(max_seconds, also=stopping.reason if stopping else None)
        fabric = fabric_on(device, settings.precision)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = Classifier(config)
            if settings.initial_weights is not None:
                start_from(model, settings.initial_weights)
            task = classifier_task(model, data, settings, loop, fabric, stopping)
            outcome = run_training(
                fabric, task, loop, run, interruption=interruption, console=console
            )
    is_over = interruption.is_final and not interruption.is_urgent
    return outcome._replace(stopped_by=None) if is_over else outcome


def _run_config(
    data: Held, config: ClassifierConfig, settings: ClassifierTraining, seed: int
) -> dict[str, object]:
    """Compose what a resumed training must share with the first."""
    return {
        "stage": "classifier",
        "seed": seed,
        "data_fingerprint": fingerprint(data),
        "classifier": config.model_dump(mode="json"),
        "training": settings.model_dump(mode="json"),
    }


def fingerprint(data: Held) -> str:
    """Name the clips of a training, their classes and their order.

    Args:
        data: The clips.

    Returns:
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for part in data:
        if part is not None:
            for array in (part.labels, part.synthetic, part.videos, part.clips):
                digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]
