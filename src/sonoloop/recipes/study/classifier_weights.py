"""Weights that the networks of a study start from, looked at before anything is trained."""

from collections.abc import Sequence

import torch

from sonoloop.checksums import sha256_of
from sonoloop.classification.initial_weights import start_from
from sonoloop.classification.models import Classifier
from sonoloop.classification.trained import weights_file
from sonoloop.recipes.study.cells import Cell
from sonoloop.recipes.study.context import StudyContext


def checked_weights(context: StudyContext, cells: Sequence[Cell]) -> dict[str, str]:
    """Try the files on the networks that will start from them.

    Args:
        context: The study.
        cells: Its trainings.

    Returns:
        Network -> SHA-256 of its file, for all files that were given.

    Raises:
        UsageError: If a file is missing, or of another network or size.
    """
    files = context.options.weight_files
    for cell in {cell.model: cell for cell in cells if cell.model in files}.values():
        with torch.random.fork_rng(devices=[]):
            start_from(Classifier(context.config(cell)), files[cell.model])
    return {name: sha256_of(weights_file(path)) for name, path in files.items()}
