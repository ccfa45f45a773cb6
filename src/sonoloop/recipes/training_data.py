"""What both stages do with a dataset: open its splits, cut fixed clips from it."""

from pathlib import Path
from typing import NamedTuple

import torch
from rich.console import Console
from torch import Tensor

from sonoloop.data.augmentation import to_float
from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.errors import UsageError
from sonoloop.shapes import Clip
from sonoloop.training.batches import stack_arrays


class TrainingData(NamedTuple):
    """The videos of a training.

    Args:
        train: Videos that are trained on.
        validation: Held-out videos, None where the split has none.
    """

    train: ClipSet
    validation: ClipSet | None


def open_training_data(dataset: Path, config: ClipConfig, console: Console) -> TrainingData:
    """Open the training and validation videos of a prepared dataset.

    Args:
        dataset: Folder of ``sonoloop data prepare`` or file of ``sonoloop data pack``.
        config: What a clip is.
        console: Told when there is nothing to validate on.

    Returns:
        Both sets.

    Raises:
        UsageError: If there is no dataset, its split leaks, or nothing to train on.
    """
    train = ClipSet.open(dataset, "train", config)
    try:
        validation = ClipSet.open(dataset, "validation", config)
    except UsageError as error:
        console.print(f"no validation losses: {error}", markup=False, highlight=False)
        validation = None
    return TrainingData(train, validation)


def fixed_clips(clips: ClipSet, count: int, device: torch.device) -> Clip:
    """Cut the first clip of videos spread evenly over a set.

    Args:
        clips: The videos.
        count: Largest number of clips.
        device: Where they are wanted.

    Returns:
        The same clips at every call.
    """
    stacked: Tensor = stack_arrays([clips.clip(item) for item in fixed_items(clips, count)])
    return to_float(stacked.to(device))


def fixed_items(clips: ClipSet, count: int) -> list[int]:
    """Choose the videos of :func:`fixed_clips`.

    Args:
        clips: The videos.
        count: Largest number of clips.
    """
    number = min(count, len(clips))
    return [index * len(clips) // number for index in range(number)]
