"""Who gives videos, who only first frames, who chooses thresholds and who is held out.

The same patients are held out at every ratio, and the patients that give videos at a small ratio
give them at a larger one too, so that a learning curve has nothing in it but their number.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sonoloop.classification.folds import patient_folds
from sonoloop.data.splits import balanced_sides
from sonoloop.errors import UsageError

VALIDATION_SHARE: Final = 0.15
"""Of the patients that are not held out."""


@dataclass(frozen=True)
class Division:
    """One fold at one ratio, as ids of videos.

    Args:
        fold: Its number.
        ratio: Share of the training patients that give videos.
        training: Videos to train on.
        stills: Videos whose first frames and labels alone are known.
        validation: Videos that choose thresholds and shares.
        held_out: Videos that are scored.
    """

    fold: int
    ratio: float
    training: tuple[str, ...]
    stills: tuple[str, ...]
    validation: tuple[str, ...]
    held_out: tuple[str, ...]


def divide(
    item_ids: Sequence[str],
    groups: Sequence[str],
    labels: Sequence[str],
    *,
    folds: int,
    ratios: Sequence[float],
    seed: int,
) -> list[Division]:
    """Divide videos, whole groups at a time, each part near the whole's share of every class.

    Args:
        item_ids: The videos.
        groups: What must stay together: the patient of each video.
        labels: Class of each.
        folds: Parts, each held out in its turn.
        ratios: Shares of the training patients that give videos, the largest first.
        seed: Of all divisions.

    Returns:
        Every fold at every ratio, fold by fold.

    Raises:
        UsageError: If there are too few patients, or a part would lack a class.
    """
    ids, owners, classes = map(np.array, (item_ids, groups, labels))
    fold_of = patient_folds(groups, labels, folds, seed=seed)
    divisions = []
    for fold in range(folds):
        inside = np.flatnonzero(fold_of != fold)
        validates = _chosen(owners[inside], classes[inside], VALIDATION_SHARE, [seed, fold, 0])
        training = inside[~validates]
        videos = training
        for number, ratio in enumerate(ratios):
            part = ratio / (ratios[number - 1] if number else 1.0)
            gives = _chosen(owners[videos], classes[videos], part, [seed, fold, 1 + number])
            videos = videos[gives]
            division = Division(
                fold,
                ratio,
                training=tuple(ids[videos].tolist()),
                stills=tuple(ids[np.setdiff1d(training, videos)].tolist()),
                validation=tuple(ids[inside[validates]].tolist()),
                held_out=tuple(ids[fold_of == fold].tolist()),
            )
            _require_classes(division, dict(zip(item_ids, labels, strict=True)))
            divisions.append(division)
    return divisions


def _chosen(
    groups: np.ndarray, labels: np.ndarray, share: float, seed: Sequence[int]
) -> np.ndarray:
    """Choose a share of the groups; True for their items."""
    state = int(np.random.SeedSequence(list(seed)).generate_state(1)[0])
    sides = balanced_sides(groups.tolist(), labels.tolist(), [share, 1 - share], seed=state)
    return np.asarray(sides == 0)


def _require_classes(division: Division, label_of: dict[str, str]) -> None:
    """Refuse a division in which a part that learns or chooses lacks a class."""
    classes = sorted(set(label_of.values()))
    parts: dict[str, Collection[str]] = {
        "the patients that give videos": division.training,
        "the patients that give stills": division.stills,
        "the patients that choose thresholds": division.validation,
        "the held-out patients": division.held_out,
    }
    for name, items in parts.items():
        counts = Counter(label_of[item] for item in items)
        missing = [one for one in classes if not counts[one]]
        if missing:
            found = ", ".join(f"{counts[one]} {one}" for one in classes)
            msg = (
                f"fold {division.fold} at ratio {division.ratio:g}: {name} have no video of "
                f"{' or '.join(missing)} ({found}): ask for fewer folds, another ratio or --seed"
            )
            raise UsageError(msg)
