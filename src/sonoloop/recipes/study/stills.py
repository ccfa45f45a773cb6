"""Stills of a dataset of their own, beside the videos: the paper's situation."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from sonoloop.data.clip_sampling import ClipSet
from sonoloop.errors import UsageError
from sonoloop.recipes.labelled_dataset import read_index
from sonoloop.recipes.study.data import Stills, StudyData
from sonoloop.recipes.study.division import Division
from sonoloop.recipes.study.still_check import still_notes
from sonoloop.report.words import counted


def read_stills(dataset: Path, label: str, data: StudyData) -> tuple[Stills, list[str]]:
    """Read the stills of a prepared dataset that have one of the study's classes.

    Args:
        dataset: Folder written by ``sonoloop data prepare``.
        label: Column that holds the classes.
        data: The videos.

    Returns:
        The stills, and what deserves a look.

    Raises:
        UsageError: If it has no labelled stills, or their size is not that of the videos.
    """
    found = ClipSet.open(dataset, None, data.clip, kind="still")
    index = read_index(dataset)
    name = next((one for one in (label, f"manifest_{label}") if one in index.columns), None)
    if name is None:
        msg = f"{dataset} has no column {label}: prepare the stills with a manifest that has it"
        raise UsageError(msg)
    values = dict(zip(index["item_id"], index[name].cast(pl.String), strict=True))
    classes = [data.class_of.get(values.get(item) or "") for item in found.item_ids]
    places = [number for number, one in enumerate(classes) if one is not None]
    missing = [one for one in data.classes if one not in classes]
    if missing:
        there = ", ".join(sorted({str(value) for value in values.values() if value})) or "no value"
        msg = (
            f"{dataset}: no still has the {label} {' or '.join(missing)} (there is {there}); "
            "unlabelled stills cannot train a classifier"
        )
        raise UsageError(msg)
    notes = []
    if left := len(classes) - len(places):
        notes.append(f"{left} of {counted(len(classes), 'still')} have no class and are left out")
    stills = Stills(
        tuple(found.item_ids[number] for number in places),
        tuple(found.group_ids[number] for number in places),
        np.array([data.classes.index(str(classes[number])) for number in places], np.int64),
        np.stack([found.still(number) for number in places]),
    )
    videos = read_index(data.dataset)
    return stills, [*notes, *still_notes(stills, data, index, videos)]


def with_stills(divisions: Sequence[Division], stills: Stills, data: StudyData) -> list[Division]:
    """Let stills of their own take the place of first frames, but none of a patient held out.

    Args:
        divisions: Of the videos.
        stills: All of them.
        data: The videos.
    """
    group_of = dict(zip(data.item_ids, data.groups, strict=True))
    changed = []
    for one in divisions:
        unseen = {group_of[item] for item in (*one.held_out, *one.validation)}
        allowed = tuple(
            item
            for item, group in zip(stills.item_ids, stills.groups, strict=True)
            if group not in unseen
        )
        changed.append(replace(one, stills=allowed))
    return changed
