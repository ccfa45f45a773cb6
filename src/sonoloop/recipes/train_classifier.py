"""Train a classifier on the videos of a dataset and write its run folder."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from rich.console import Console

from sonoloop.checksums import damaged_files, write_summed
from sonoloop.classification.fit import train_in
from sonoloop.classification.labelled_clips import Held, LabelledClips
from sonoloop.data.config import ClipConfig
from sonoloop.data.splits import SPLIT_NAMES, SplitName, read_split
from sonoloop.data.store import Store
from sonoloop.errors import UsageError
from sonoloop.recipes.classify_options import ClassifyOptions
from sonoloop.recipes.labelled_dataset import (
    Labels,
    labelled_videos,
    parse_classes,
    read_labels,
)
from sonoloop.report.words import counted
from sonoloop.training.loop import Outcome
from sonoloop.training.run_folder import CONFIG_FILE

DATA_FILE: Final = "data.json"


class ClassifierData(BaseModel):
    """What a run was trained on, so that its predictions see videos the same way."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    label: str
    class_of: dict[str, str]
    clip: ClipConfig
    windows: int


def train_classifier(
    dataset: Path,
    out: Path,
    options: ClassifyOptions,
    *,
    label: str,
    classes: Sequence[str] = (),
    resume: bool = False,
    max_seconds: float | None = None,
    console: Console | None = None,
) -> Outcome:
    """Train on the training side of a dataset, measure on its validation side after every epoch.

    Args:
        dataset: Folder written by ``sonoloop data prepare``.
        out: Run folder.
        options: Which network, from which windows, how.
        label: Column of the dataset's index that holds the classes.
        classes: Values joined into classes, as ``name=value,value``; empty where each is one.
        resume: Whether to go on with the run that ``out`` holds.
        max_seconds: Stop with a checkpoint after this time; None for no limit.
        console: Where people read; standard output by default.

    Returns:
        How it ended.

    Raises:
        UsageError: If the dataset or the run folder cannot be used, or a side lacks a class.
        SonoloopError: If a loss is not finite or a checkpoint cannot be written.
    """
    console = console or Console()
    if (out / "config.json").exists() and not resume:
        msg = (
            f"{out} already holds a training run: add --resume to go on with it, "
            "or choose another --out"
        )
        raise UsageError(msg)
    labels = read_labels(dataset, label, parse_classes(classes))
    config, settings = options.classifier(labels.classes), options.training()
    clip = options.clip(Store.open(dataset / "store").size)
    sides = count_sides(dataset, labels)
    _say_what_there_is(sides, labels, label, console)

    def side(split: SplitName) -> LabelledClips:
        return labelled_videos(
            dataset, split, labels, clip=clip, size=config.size, windows=options.windows
        ).clips

    held = Held(side("train"), side("validation") if sides["validation"] else None)
    data = ClassifierData(
        dataset=str(dataset),
        label=label,
        class_of=dict(labels.class_of),
        clip=clip,
        windows=options.windows,
    )
    outcome = train_in(
        out,
        held,
        config,
        settings,
        seed=options.seed,
        device="cuda" if torch.cuda.is_available() else "cpu",
        console=console,
        max_seconds=max_seconds,
    )
    content = f"{data.model_dump_json(indent=1)}\n".encode()
    write_summed(out, {DATA_FILE: content}, also=[CONFIG_FILE])
    return outcome


def read_classifier_data(run: Path) -> ClassifierData:
    """Read what a run was trained on.

    Args:
        run: Run folder.

    Raises:
        UsageError: If it is missing or damaged.
    """
    path = run / DATA_FILE
    if path.is_file() and damaged_files(run, [DATA_FILE]):
        msg = f"{path} differs from its checksum: train again with --resume"
        raise UsageError(msg)
    try:
        return ClassifierData.model_validate_json(path.read_text())
    except (OSError, ValidationError) as error:
        msg = f"{path}: missing or damaged; give the --out of 'sonoloop classify train'"
        raise UsageError(msg) from error


def count_sides(dataset: Path, labels: Labels) -> dict[SplitName, Counter[str]]:
    """Count the videos of every class on every side.

    Args:
        dataset: Folder written by ``sonoloop data prepare``.
        labels: Classes.

    Raises:
        UsageError: If there is nothing to train on, or a side in use lacks a class: figures of
            such a side would say nothing.
    """
    sides: dict[SplitName, Counter[str]] = {name: Counter() for name in SPLIT_NAMES}
    for item_id, side in read_split(dataset / "split.json").items():
        if item_id in labels.numbers:
            sides[side][labels.classes[labels.numbers[item_id]]] += 1
    for name, counts in sides.items():
        missing = [label for label in labels.classes if not counts[label]]
        if missing and (counts or name == "train"):
            found = ", ".join(f"{counts[label]} {label}" for label in labels.classes)
            msg = (
                f"{dataset}: its {name} split holds no video of {' or '.join(missing)} ({found}): "
                "prepare the dataset with another --seed or --split, or leave the class out "
                "with --classes"
            )
            raise UsageError(msg)
    return sides


def _say_what_there_is(
    sides: dict[SplitName, Counter[str]], labels: Labels, column: str, console: Console
) -> None:
    """Tell how many videos of each class each side has, and what has no class."""
    for name, counts in sides.items():
        found = ", ".join(f"{counts[label]} {label}" for label in labels.classes)
        console.print(f"{name}: {found if counts else 'no videos'}", markup=False, highlight=False)
    for value, count in labels.others.items():
        state = f"{column} = {value}" if value else f"no {column}"
        line = f"left out: {counted(count, 'video')} with {state}"
        console.print(line, markup=False, highlight=False)
