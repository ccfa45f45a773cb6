"""A trained classifier on disk: the run folder that a training of classifiers wrote."""

from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from sonoloop.classification.config import ClassifierConfig
from sonoloop.classification.early_stopping import best_weights
from sonoloop.classification.models import Classifier
from sonoloop.errors import UsageError
from sonoloop.training.run_folder import fill, load_run
from sonoloop.training.sealed_tensors import unseal


def load_classifier(path: Path, *, device: str = "cpu") -> Classifier:
    """Load what a run has come to: its best weights under early stopping, else its newest.

    Args:
        path: Run folder.
        device: Where it shall run.

    Returns:
        The classifier in evaluation mode.

    Raises:
        UsageError: If the folder holds no classifier or its weights cannot be used.
    """
    run = load_run(path)
    try:
        config = ClassifierConfig.model_validate(run.config["classifier"])
    except (KeyError, ValidationError) as error:
        msg = f"{path} holds no classifier: give the --out of 'sonoloop classify train'"
        raise UsageError(msg) from error
    with torch.random.fork_rng(devices=[]):
        model = Classifier(config)
    weights = best_weights(path)
    if weights is None:
        fill(model, read_weights(run.ema_path), run.ema_path)
    else:
        fill(model, _unsealed(weights), weights)
    return model.to(device).eval()


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file.

    Args:
        path: The file.

    Raises:
        UsageError: If it is missing or no such file.
    """
    if not path.is_file():
        msg = f"{path}: there is no such file of weights"
        raise UsageError(msg)
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        msg = f"{path} is no safetensors file ({error}): convert the weights to safetensors"
        raise UsageError(msg) from error


def weights_file(path: Path) -> Path:
    """Find the file that a network would start from.

    Args:
        path: The file itself, or run folder of a classifier.

    Raises:
        UsageError: If the folder holds no checkpoint.
    """
    if not path.is_dir():
        return path
    return best_weights(path) or load_run(path).ema_path


def _unsealed(path: Path) -> dict[str, Tensor]:
    try:
        return unseal(path)[0]
    except (SafetensorError, OSError, ValueError) as error:
        msg = f"{path} is damaged ({error}): train the classifier again"
        raise UsageError(msg) from error
