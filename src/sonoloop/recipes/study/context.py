"""All that a cell needs, opened once per process, and the running of one cell."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console

from sonoloop.classification.config import ClassifierConfig, ClassifierTraining, training_for
from sonoloop.classification.fit import fit
from sonoloop.classification.frozen_probe import fit_probe
from sonoloop.classification.labelled_clips import LabelledClips
from sonoloop.classification.prediction import Probabilities, class_probabilities, mean_by_video
from sonoloop.recipes.labelled_dataset import LabelledVideos
from sonoloop.recipes.study.arms import as_images, synthetic_clips, training_clips
from sonoloop.recipes.study.cells import (
    RUN_FOLDER,
    Cell,
    cell_folder,
    clear_runs,
    needs,
    write_cell,
)
from sonoloop.recipes.study.data import Stills, StudyData, of_items, read_windows, seen_size
from sonoloop.recipes.study.division import Division
from sonoloop.recipes.study.fold import Makers, Originals, fold_clips, trained_makers
from sonoloop.recipes.study.options import ASKED, GENERATOR_OF, REQUESTS, StudyOptions
from sonoloop.recipes.study.probe import StudyFeatures
from sonoloop.recipes.study.sources import of_division
from sonoloop.recipes.study.synthesis import Request, Synthetic

Predict = Callable[[npt.NDArray[np.uint8]], Probabilities]
"""A trained classifier: clips -> a probability of each class."""


@dataclass
class StudyContext:
    """A study that is under way.

    Args:
        folder: Of the study.
        data: All videos.
        stills: First frames of videos, or stills of their own.
        label: Column that holds the classes.
        class_words: Values joined into classes.
        divisions: Every fold at every ratio.
        options: Of the study.
        console: Where people read.
        makers: Trains the generators.
        sources: Clips of generators from elsewhere.
        device: Where classifiers run.
    """

    folder: Path
    data: StudyData
    stills: Stills
    label: str
    class_words: tuple[str, ...]
    divisions: Sequence[Division]
    options: StudyOptions
    console: Console
    makers: Makers = trained_makers
    sources: Mapping[str, Synthetic] = field(default_factory=dict)
    device: str = field(default_factory=lambda: "cuda" if torch.cuda.is_available() else "cpu")
    _windows: dict[int, LabelledVideos] = field(default_factory=dict, repr=False)
    _made: tuple[object, Mapping[str, Synthetic]] = field(default=(None, {}), repr=False)

    def __getstate__(self) -> dict[str, object]:
        """Travel to another process without the terminal and a loaded net, which stay here."""
        kept = {name: value for name, value in vars(self).items() if name != "features"}
        return {**kept, "console": None}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Arrive in a process where nobody reads."""
        vars(self).update(state, console=Console(quiet=True))

    @cached_property
    def features(self) -> StudyFeatures:
        """Features for probes."""
        return StudyFeatures(self.folder, self.device, self.console)

    def size(self, cell: Cell) -> int:
        """Say how large the clips are that a cell's classifier is given."""
        return seen_size(cell.model, self.options.size, self.data.clip.size)

    def config(self, cell: Cell) -> ClassifierConfig:
        """Say which network a cell trains."""
        values = {"net": cell.model, "classes": self.data.classes, "size": self.size(cell)}
        return ClassifierConfig.model_validate({**values, "width": self.options.width})

    def steps(self, division: Division) -> int:
        """Count the optimiser steps, the same for all arms of a fold."""
        num_videos = len(division.training) + len(division.stills)
        settings = ClassifierTraining(batch_size=self.options.batch_size)
        return self.options.epochs * settings.steps_per_epoch(num_videos)

    def settings(self, cell: Cell) -> ClassifierTraining:
        """Say how a cell trains: all arms alike but for the augmentation of (a)."""
        fills = cell.share is not None and self.options.balance == "fill"
        share = None if cell.share is None or fills else cell.share / (1 + cell.share)
        published = ClassifierTraining() if cell.model == "i3d-probe" else training_for(cell.model)
        return published.model_copy(
            update={
                "max_steps": self.steps(self.division(cell)),
                "batch_size": self.options.batch_size,
                "augmentation": "consistent" if cell.arm in {"a", "origin"} else "strong",
                "synthetic_share": share,
                "class_balanced": not fills,
                "initial_weights": self.options.weight_files.get(cell.model),
            }
        )

    def division(self, cell: Cell) -> Division:
        """Find the division of a cell."""
        return next(
            one for one in self.divisions if (one.fold, one.ratio) == (cell.fold, cell.ratio)
        )

    def windows(self, size: int) -> LabelledVideos:
        """Read all clips at a size, once."""
        if size not in self._windows:
            self._windows[size] = read_windows(
                self.data,
                self.label,
                self.class_words,
                size=size,
                windows=self.options.windows,
            )
        return self._windows[size]

    def true_clips(self, requests: Sequence[Request]) -> np.ndarray:
        """Cut windows of the videos that stills are the first frames of, in turn.

        Args:
            requests: Whose video, and which clip of it.

        Returns:
            Clips of the dataset's size, (n, t, size, size).
        """
        clips, item_ids = self.windows(self.data.clip.size)
        of_item: dict[str, list[int]] = {}
        for place, video in enumerate(clips.videos):
            of_item.setdefault(item_ids[video], []).append(place)
        places = [of_item[one.item][one.sample % len(of_item[one.item])] for one in requests]
        return clips.clips[places]

    def made(self, cell: Cell, sources: Sequence[str]) -> Mapping[str, Synthetic]:
        """Get the generators' clips of a cell's fold, keeping those of the latest fold."""
        division = self.division(cell)
        wanted = [source for source in sources if source in GENERATOR_OF]
        key = _made_key(cell, sources)
        if self._made[0] != key:
            found = fold_clips(
                self.folder,
                self.data,
                Originals(self.stills, self.true_clips),
                division,
                wanted,
                self.options,
                self.makers,
                self.console,
            )
            self._made = key, found
        return self._made[1]

    def keep_made(self, cell: Cell, sources: Sequence[str], found: Mapping[str, Synthetic]) -> None:
        """Take the generators' clips of a cell's fold from whoever has them.

        Args:
            cell: Says which fold and ratio.
            sources: As ``made`` will be asked for.
            found: The clips by source.
        """
        self._made = _made_key(cell, sources), found


def _made_key(cell: Cell, sources: Sequence[str]) -> tuple[object, ...]:
    """Name the clips that generators make for a cell and all others of its fold and ratio."""
    return cell.fold, cell.ratio, tuple(sorted(set(sources) & set(GENERATOR_OF)))


def run_cell(context: StudyContext, cell: Cell, sources: Sequence[str]) -> None:
    """Train one classifier, score its held-out videos and write what came out.

    Args:
        context: The study.
        cell: Which training.
        sources: All sources that this fold's generators make clips of.

    Raises:
        KeyboardInterrupt: If a signal asked to stop; the cell goes on from its checkpoint.
    """
    run = cell_folder(context.folder, cell) / RUN_FOLDER
    write_cell(context.folder, cell, train_cell(context, cell, sources, run))
    clear_runs(context.folder, [cell])


def train_cell(
    context: StudyContext, cell: Cell, sources: Sequence[str], run: Path
) -> dict[str, object]:
    """Train one classifier and score its held-out videos.

    Args:
        context: The study.
        cell: Which training.
        sources: All sources that this fold's generators make clips of.
        run: Folder of the training, which goes on from a checkpoint there.

    Returns:
        Scores, and what training saw.

    Raises:
        KeyboardInterrupt: If a signal asked to stop; the run folder holds a checkpoint.
    """
    began = time.monotonic()
    division, size = context.division(cell), context.size(cell)
    videos = context.windows(size)
    source = needs(cell)
    made = None
    if source in GENERATOR_OF:
        made = context.made(cell, sources)[source]
    elif source in context.sources:
        made = of_division(context.sources[source], division)
    fill = cell.share if context.options.balance == "fill" else None
    clips = training_clips(cell.arm, context.stills, videos, division, made, fill=fill)
    predict = train(context, cell, clips, run)
    scored = {
        part: score(predict, videos, items, images=cell.arm == "f")
        for part, items in (("validation", division.validation), ("held_out", division.held_out))
    }
    answers = []
    if cell.arm in ASKED:
        asked = context.made(cell, sources)[REQUESTS]
        shown = synthetic_clips(context.data.first_frames, asked, size)
        answers = predict(shown.clips)[:, 1].round(6).tolist()
        answers = [[one.item, one.label, p] for one, p in zip(asked.requests, answers, strict=True)]
    return {
        **scored,
        "requests": answers,
        "steps": context.steps(division),
        "training_clips": len(clips),
        "training_groups": sorted(set(clips.groups)),
        "training_sha256": content(clips),
        "seconds": round(time.monotonic() - began, 1),
    }


def train(context: StudyContext, cell: Cell, clips: LabelledClips, run: Path) -> Predict:
    """Train the classifier of a cell.

    Args:
        context: The study.
        cell: Which training.
        clips: What it is trained on.
        run: Folder from which an interrupted training goes on.
    """
    settings = context.settings(cell)
    if cell.model == "i3d-probe":
        return fit_probe(clips, context.features, settings, seed=cell.seed)
    config = context.config(cell)
    model = fit(clips, config, settings, seed=cell.seed, device=context.device, folder=run)
    return partial(class_probabilities, model)


def score(
    predict: Predict, videos: LabelledVideos, items: Sequence[str], *, images: bool
) -> dict[str, float]:
    """Compute the probability of the positive class of each video.

    Args:
        predict: Trained.
        videos: All clips.
        items: The videos.
        images: Whether it is shown single frames.
    """
    clips = of_items(videos, items)
    shown = as_images(clips) if images else clips
    probabilities, numbers = mean_by_video(predict(shown.clips), shown.videos)
    return {
        videos.item_ids[number]: round(float(row[1]), 6)
        for number, row in zip(numbers, probabilities, strict=True)
    }


def content(clips: LabelledClips) -> list[str]:
    """Name the clips by their content, each once, so that it can be checked what was seen.

    Args:
        clips: Of a training.
    """
    hashes = {hashlib.sha256(clip.tobytes()).hexdigest()[:12] for clip in clips.clips}
    return sorted(hashes)
