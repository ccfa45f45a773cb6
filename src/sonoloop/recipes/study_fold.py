"""All that the cells of one fold and ratio share: its generators and the clips they made."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console

from sonoloop.recipes.study_data import StudyData
from sonoloop.recipes.study_division import Division
from sonoloop.recipes.study_generators import train_generators, write_training_dataset
from sonoloop.recipes.study_options import GENERATOR_OF, StudyOptions
from sonoloop.recipes.study_synthesis import (
    ClipMaker,
    ModelMaker,
    Request,
    Synthetic,
    kept,
    requests_for,
)

TOLD_THE_CLASS: Final = frozenset({"lddm"})
"""Sources whose generator is asked for a class."""

Makers = Callable[[Path, Path, Collection[str], StudyOptions, Console], Mapping[str, ClipMaker]]
"""(training dataset, folder of the fold, generators wanted, options, console) -> makers."""


def trained_makers(
    dataset: Path, folder: Path, wanted: Collection[str], options: StudyOptions, console: Console
) -> dict[str, ClipMaker]:
    """Train generators on a dataset and load them.

    Args:
        dataset: The training videos of the fold.
        folder: Where runs and models go.
        wanted: Some of "lddm", "cinn" and "random".
        options: Of the study.
        console: Where people read.
    """
    train_generators(dataset, folder, wanted, options, console)
    return {name: ModelMaker(folder / name) for name in wanted}


def fold_clips(
    study: Path,
    data: StudyData,
    division: Division,
    sources: Collection[str],
    options: StudyOptions,
    makers: Makers,
    console: Console,
) -> dict[str, Synthetic]:
    """Make the clips of one fold and ratio, or read those that are there.

    Args:
        study: Folder of the study.
        data: All videos; of still-only patients only first frames are touched.
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
    folder = study / "generators" / f"fold{division.fold}-ratio{division.ratio:g}"
    dataset = write_training_dataset(data, division.training, folder / "dataset")
    labels = data.labels[data.places(division.stills)].tolist()
    requests = requests_for(division.stills, labels, options.samples)
    wanted = sorted({GENERATOR_OF[source] for source in sources})
    loaded: dict[str, ClipMaker] = {}

    def make(source: str) -> np.ndarray:
        if not loaded:
            loaded.update(makers(dataset, folder, wanted, options, console))
        console.print(f"generators of {folder.name}: {len(requests)} clips of {source}")
        return make_clips(loaded[GENERATOR_OF[source]], data, requests, source, seed=options.seed)

    return {
        source: kept(folder / "clips" / f"{source}.npz", requests, lambda s=source: make(s))
        for source in sources
    }


def make_clips(
    maker: ClipMaker, data: StudyData, requests: list[Request], source: str, *, seed: int
) -> np.ndarray:
    """Let a generator move first frames.

    Args:
        maker: The generator.
        data: All first frames.
        requests: What is wanted.
        source: Whether it is told the class depends on it.
        seed: Of the synthesis.
    """
    told = source in TOLD_THE_CLASS
    return maker(
        data.stills[data.places([one.item for one in requests])],
        [data.classes[one.label] if told else None for one in requests],
        [one.sample for one in requests],
        seed=seed,
    )
