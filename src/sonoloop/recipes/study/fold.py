"""All that the cells of one fold and ratio share: its generators and the clips they made."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from rich.console import Console

from sonoloop.recipes.study.data import Stills, StudyData
from sonoloop.recipes.study.division import Division
from sonoloop.recipes.study.generators import train_generators, write_training_dataset
from sonoloop.recipes.study.options import DECODED, GENERATOR_OF, REQUESTS, StudyOptions
from sonoloop.recipes.study.synthesis import (
    ClipMaker,
    ModelMaker,
    Rebuilder,
    Request,
    Synthetic,
    kept,
    requests_for,
)

TOLD_THE_CLASS: Final = frozenset({"lddm", REQUESTS})
"""Sources whose generator is asked for a class."""

Makers = Callable[[Path, Path, Collection[str], StudyOptions, Console], Mapping[str, ClipMaker]]
"""(training dataset, folder of the fold, generators wanted, options, console) -> makers."""


class Originals(NamedTuple):
    """What clips are made of.

    Args:
        stills: To be moved.
        true_clips: Cuts a clip out of the video of each still, at the dataset's size.
    """

    stills: Stills
    true_clips: Callable[[Sequence[Request]], np.ndarray]


def trained_makers(
    dataset: Path, folder: Path, wanted: Collection[str], options: StudyOptions, console: Console
) -> dict[str, ClipMaker]:
    """Train generators on a dataset and load them.

    Args:
        dataset: The training videos of the fold.
        folder: Where runs and models go.
        wanted: Some of "lddm", "cinn", "random" and "decoder".
        options: Of the study.
        console: Where people read.
    """
    train_generators(dataset, folder, wanted, options, console)
    return {
        name: (Rebuilder if name == GENERATOR_OF[DECODED] else ModelMaker)(folder / name)
        for name in wanted
    }


def fold_clips(
    study: Path,
    data: StudyData,
    originals: Originals,
    division: Division,
    sources: Collection[str],
    options: StudyOptions,
    makers: Makers,
    console: Console,
) -> dict[str, Synthetic]:
    """Make the clips of one fold and ratio, or read those that are there.

    Args:
        study: Folder of the study.
        data: All videos.
        originals: All stills, and their videos.
        division: Who gives what.
        sources: Which clips are wanted, of those that a generator makes.
        options: Of the study.
        makers: Trains the generators.
        console: Where people read.

    Returns:
        Clips by source.
    """
    if not sources:
        return {}
    folder = fold_folder(study, division)
    dataset = write_training_dataset(data, division.training, folder / "dataset")
    pool = originals.stills
    labels = pool.labels[pool.places(division.stills)].tolist()
    of_stills = requests_for(division.stills, labels, options.samples)
    of_held_out = [Request(one, label, 0) for one in division.held_out for label in (0, 1)]
    wanted = sorted({GENERATOR_OF[source] for source in sources})
    loaded: dict[str, ClipMaker] = {}

    def stills_of(source: str) -> tuple[Stills, list[Request]]:
        return (data.first_frames, of_held_out) if source == REQUESTS else (pool, of_stills)

    def make(source: str) -> np.ndarray:
        if not loaded:
            loaded.update(makers(dataset, folder, wanted, options, console))
        moved, requests = stills_of(source)
        console.print(f"{folder.name}: {len(requests)} clips of {source}", markup=False)
        if source == DECODED:
            starts = originals.true_clips(requests)
        else:
            starts = moved.frames[moved.places([one.item for one in requests])]
        classes = data.classes if source in TOLD_THE_CLASS else None
        labels = [classes[one.label] if classes else None for one in requests]
        samples = [one.sample for one in requests]
        return loaded[GENERATOR_OF[source]](starts, labels, samples, seed=options.seed)

    return {
        source: kept(
            folder / "clips" / f"{source}.npz", stills_of(source)[1], partial(make, source)
        )
        for source in sources
    }


def fold_folder(study: Path, division: Division) -> Path:
    """Tell where the generators of a fold and ratio lie.

    Args:
        study: Folder of the study.
        division: The fold and ratio.
    """
    return study / "generators" / f"fold{division.fold}-ratio{division.ratio:g}"
