"""What a study reads once: labelled videos as clips, first frames, classes and patients."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from sonoloop.classification.config import PUBLISHED
from sonoloop.classification.labelled_clips import LabelledClips
from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.data.recording import Frames
from sonoloop.data.store import Store
from sonoloop.errors import UsageError
from sonoloop.recipes.labelled_dataset import (
    LabelledVideos,
    labelled_videos,
    parse_classes,
    read_labels,
)
from sonoloop.recipes.study.options import ModelName

BINARY: Final = 2


@dataclass(frozen=True)
class Stills:
    """Labelled single frames of the dataset's size.

    Args:
        item_ids: Their ids.
        groups: Patient of each.
        labels: Class number of each.
        frames: (n, size, size), uint8.
    """

    item_ids: tuple[str, ...]
    groups: tuple[str, ...]
    labels: np.ndarray
    frames: Frames

    def places(self, item_ids: Sequence[str]) -> np.ndarray:
        """Find stills by their ids."""
        place = {item: number for number, item in enumerate(self.item_ids)}
        return np.array([place[item] for item in item_ids], np.intp)


@dataclass(frozen=True)
class StudyData:
    """The labelled videos of a dataset.

    Args:
        dataset: Where they are.
        clip: What a clip is, at the dataset's size.
        classes: Names of both classes; the second is the positive one.
        item_ids: The videos.
        groups: Patient of each.
        labels: Class number of each.
        first_frames: Of each video.
        class_of: Class by value of the label.
        others: Videos without a class, by value of the label.
    """

    dataset: Path
    clip: ClipConfig
    classes: tuple[str, ...]
    item_ids: tuple[str, ...]
    groups: tuple[str, ...]
    labels: np.ndarray
    first_frames: Stills
    class_of: dict[str, str]
    others: dict[str, int]

    @property
    def class_names(self) -> tuple[str, ...]:
        """Class of each video."""
        return tuple(self.classes[number] for number in self.labels)

    def places(self, item_ids: Sequence[str]) -> np.ndarray:
        """Find videos by their ids."""
        return self.first_frames.places(item_ids)


def open_study_data(dataset: Path, label: str, classes: Sequence[str]) -> StudyData:
    """Read labels and first frames of a prepared dataset, all sides of it.

    Args:
        dataset: Folder written by ``sonoloop data prepare``.
        label: Column that holds the classes.
        classes: Values joined into classes, as ``name=value,value``.

    Raises:
        UsageError: If dataset or label cannot be used, or there are not two classes.
    """
    labels = read_labels(dataset, label, parse_classes(classes))
    if len(labels.classes) != BINARY:
        msg = (
            f"{dataset}: {label} has {len(labels.classes)} classes ({', '.join(labels.classes)}), "
            "a study tells two apart: join values with --classes negative=... positive=..."
        )
        raise UsageError(msg)
    clip = ClipConfig(size=Store.open(dataset / "store").size)
    videos = ClipSet.open(dataset, None, clip)
    chosen = [number for number, item in enumerate(videos.item_ids) if item in labels.numbers]
    frames = Stills(
        tuple(videos.item_ids[number] for number in chosen),
        tuple(videos.group_ids[number] for number in chosen),
        np.array([labels.numbers[videos.item_ids[number]] for number in chosen], np.int64),
        np.stack([videos.still(number) for number in chosen]),
    )
    return StudyData(
        dataset,
        clip,
        labels.classes,
        frames.item_ids,
        frames.groups,
        frames.labels,
        frames,
        dict(labels.class_of),
        dict(labels.others),
    )


def read_windows(
    data: StudyData, label: str, classes: Sequence[str], *, size: int, windows: int
) -> LabelledVideos:
    """Cut the clips that classifiers see.

    Args:
        data: The videos.
        label: Column that holds the classes.
        classes: Values joined into classes.
        size: Of what the classifier sees, in pixels.
        windows: Most clips of one video.
    """
    labels = read_labels(data.dataset, label, parse_classes(classes))
    found = labelled_videos(data.dataset, None, labels, clip=data.clip, size=size, windows=windows)
    if found.item_ids != data.item_ids:
        msg = f"{data.dataset} changed while it was read: run the study again"
        raise UsageError(msg)
    return found


def seen_size(model: ModelName, asked: int | None, dataset_size: int) -> int:
    """Choose the size a network sees: nothing is enlarged on disk, the network's input may be.

    Args:
        model: Its name.
        asked: By the user.
        dataset_size: Of stored frames.
    """
    if asked or model == "i3d-probe":
        return asked or dataset_size
    return min(PUBLISHED[model].size, dataset_size)


def of_items(videos: LabelledVideos, item_ids: Sequence[str]) -> LabelledClips:
    """Take the clips of some videos.

    Args:
        videos: All of them.
        item_ids: Those wanted.
    """
    wanted = {videos.item_ids.index(item) for item in item_ids}
    return videos.clips.select(np.array([video in wanted for video in videos.clips.videos]))
