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
from sonoloop.report.words import counted
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


def say_what_is_few(clips: ClipSet, batch_size: int, console: Console) -> None:
    """Tell people where the videos are fewer than a batch, or shorter than a clip's window.

    Training goes on: a batch takes several clips of a video, a short video gives all it has.

    Args:
        clips: Training videos.
        batch_size: Clips a step.
        console: Where people read.
    """
    if len(clips) < batch_size:
        console.print(
            f"{counted(len(clips), 'training video')}, fewer than batch_size {batch_size}: a batch "
            "takes several clips of a video",
            highlight=False,
        )
    num_short = clips.num_short()
    if num_short:
        config = clips.config
        window = f"{config.window_s:g} s" if config.window_s else f"{config.window_frames} frames"
        console.print(
            f"{num_short} of {counted(len(clips), 'training video')} shorter than the window of "
            f"{window}: each gives one clip, spread over all it has",
            highlight=False,
        )


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
