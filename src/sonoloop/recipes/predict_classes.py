"""What a trained classifier says of videos: one row of probabilities each."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from rich.progress import track

from sonoloop.atomic_files import write_atomically
from sonoloop.classification.models import Classifier
from sonoloop.classification.prediction import Probabilities, class_probabilities
from sonoloop.classification.trained import load_classifier
from sonoloop.classification.training_task import held_out_figures
from sonoloop.data.clip_sampling import ClipSet, clip_indices, clip_span_s, num_starts
from sonoloop.data.config import ClipConfig
from sonoloop.data.recording import Frames
from sonoloop.data.splits import SplitName
from sonoloop.data.store import Store
from sonoloop.errors import UsageError
from sonoloop.evaluation.clip_sets import ClipSource, folder_clips, is_dataset
from sonoloop.recipes.classify_options import SplitChoice
from sonoloop.recipes.labelled_dataset import (
    column_values,
    evenly_spread,
    shrink,
    window_starts_s,
)
from sonoloop.recipes.train_classifier import ClassifierData, read_classifier_data

UNKNOWN: Final = -1
"""Number of a class that nobody told."""


class _Video(NamedTuple):
    """A video with its windows."""

    name: str
    group: str
    label: str
    windows: Frames


class Prediction(NamedTuple):
    """What came out.

    Args:
        num_videos: Videos that got a row.
        figures: Loss and accuracies where every class has a labelled video, else empty.
        missing: Classes without a labelled video, where there are labels at all.
        failures: Files that could not be read.
    """

    num_videos: int
    figures: dict[str, float]
    missing: tuple[str, ...]
    failures: int


def predict_classes(
    run: Path,
    source: Path,
    out: Path,
    *,
    split: SplitChoice = "test",
    console: Console | None = None,
) -> Prediction:
    """Write the probability of each class for each video.

    A video is seen as in training: windows of the same length, spread over it, whose
    probabilities are averaged.

    Args:
        run: Run folder of a trained classifier.
        source: Prepared dataset, or folder of clips of any origin.
        out: CSV file: video, group, label where known, prediction, one column per class, windows.
        split: Which side of a dataset.
        console: Where to report; None takes the terminal.

    Returns:
        Counts, and figures where the videos have labels.

    Raises:
        UsageError: If run or videos cannot be used.
    """
    console = console or Console(stderr=True)
    model = load_classifier(run, device="cuda" if torch.cuda.is_available() else "cpu")
    data = read_classifier_data(run)
    failures = 0
    if is_dataset(source):
        side: SplitName | None = None if split == "all" else split
        count, videos = _dataset_videos(source, side, data, model)
    else:
        found = folder_clips(source, at_least=1)
        for name, reason in found.failures:
            console.print(f"skipped {name}: {reason}", markup=False, highlight=False)
        count, failures = len(found), len(found.failures)
        videos = (_folder_video(clip, data, model) for clip in found.sources)
    classes = model.config.classes
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(
        ("video", "group", "label", "prediction", *(f"p_{name}" for name in classes), "windows")
    )
    rows, labels = [], []
    for video in track(videos, "predicting", total=count, console=console, transient=True):
        row = class_probabilities(model, video.windows).mean(axis=0)
        prediction = classes[int(row.argmax())]
        written = (f"{probability:.6f}" for probability in row)
        writer.writerow(
            (video.name, video.group, video.label, prediction, *written, len(video.windows))
        )
        rows.append(row)
        labels.append(classes.index(video.label) if video.label else UNKNOWN)
    write_atomically(out, table.getvalue().encode())
    present = set(labels) - {UNKNOWN}
    missing = [name for number, name in enumerate(classes) if number not in present]
    figures = {} if missing else _figures(np.array(rows), np.array(labels))
    return Prediction(count, figures, tuple(missing) if present else (), failures)


def _figures(rows: Probabilities, labels: npt.NDArray[np.int64]) -> dict[str, float]:
    """Measure the videos whose class is known."""
    known = labels != UNKNOWN
    logits = torch.from_numpy(np.log(np.maximum(rows[known], np.finfo(float).tiny)))
    return held_out_figures(logits, torch.from_numpy(labels[known]))


def _dataset_videos(
    dataset: Path, split: SplitName | None, data: ClassifierData, model: Classifier
) -> tuple[int, Iterator[_Video]]:
    """Open one side of a dataset; its labels are shown where it has the column."""
    size = Store.open(dataset / "store").size
    videos = ClipSet.open(dataset, split, data.clip.model_copy(update={"size": size}))
    try:
        values = column_values(dataset, data.label)
    except UsageError:  # a dataset to be predicted need not know the answer
        values = {}

    def read() -> Iterator[_Video]:
        for number, item_id in enumerate(videos.item_ids):
            starts = window_starts_s(videos, number, data.windows)
            windows = [
                shrink(videos.clip(number, start_s=start), model.config.size) for start in starts
            ]
            label = data.class_of.get(values.get(item_id, ""), "")
            yield _Video(item_id, videos.group_ids[number], label, np.stack(windows))

    return len(videos), read()


def _folder_video(clip: ClipSource, data: ClassifierData, model: Classifier) -> _Video:
    """Read one clip; without a frame rate, or shorter than a window, all of it is one window."""
    frames = shrink(clip.read(), model.config.size)
    windows = np.stack(list(_windows(frames, clip.frame_rate_hz, data.clip, data.windows)))
    return _Video(clip.name, clip.group, "", windows)


def _windows(
    frames: Frames, frame_rate_hz: float | None, clip: ClipConfig, most: int
) -> Iterator[Frames]:
    if frame_rate_hz is None or len(frames) < clip.num_frames:
        yield frames
        return
    times_s = np.arange(len(frames)) / frame_rate_hz
    starts, span_s = num_starts(times_s, clip), clip_span_s(times_s, clip)
    last_s = times_s[max(starts, 1) - 1]
    for place in evenly_spread(int(last_s // span_s) + 1, most):
        start = int(np.abs(times_s - place * span_s).argmin())
        yield frames[clip_indices(times_s, clip, start)]
