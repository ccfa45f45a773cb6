"""Whether labels leak into synthetic clips.

The generator is asked to move every held-out still as every class, and classifiers judge.

A still shows part of its class. A generator that was told a class can put a mark of it into the
clip that no patient has; a classifier trained on such clips reads the mark. It then follows the
request against the still, and so does a classifier trained on real clips where the generator makes
what really tells the classes apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from sonoloop.classification.scores import auroc
from sonoloop.classification.threshold import choose_threshold
from sonoloop.recipes.study.cells import Cell
from sonoloop.recipes.study.data import StudyData
from sonoloop.report.study_record import LeakRecord

FOLLOWERS: Final = (("b-asked", "real"), ("i-only", "synthetic"))
"""Arm, and what its classifier was trained on."""


def leaks(
    data: StudyData, cells: Sequence[Cell], found: Mapping[Cell, Mapping[str, Any]]
) -> LeakRecord | None:
    """Measure one classifier at one ratio, over all folds and seeds.

    Args:
        data: All videos.
        cells: Its cells.
        found: What each wrote.

    Returns:
        None where no arm asks.
    """
    follows = {}
    for arm, name in FOLLOWERS:
        answers = [
            follow for cell in cells if cell.arm == arm for follow in _follows(data, found[cell])
        ]
        for against in (True, False):
            of_kind = [followed for conflicts, followed in answers if conflicts == against]
            if of_kind:
                where = "against" if against else "with"
                follows[f"{name}, {where} the still"] = float(np.mean(of_kind))
    origins = {
        data.classes[label]: _mean(
            _origin(data, found[cell], label) for cell in cells if cell.arm == "origin"
        )
        for label in (0, 1)
    }
    told_apart = {name: value for name, value in origins.items() if value is not None}
    if not follows and not told_apart:
        return None
    return LeakRecord(follows_request=follows, real_or_synthetic=told_apart)


def _follows(data: StudyData, found: Mapping[str, Any]) -> list[tuple[bool, bool]]:
    """Say of each request whether it conflicts with the still, and whether it was followed."""
    validation: Mapping[str, float] = found["validation"]
    labels = data.labels[data.places(tuple(validation))]
    threshold = choose_threshold(labels, np.array(list(validation.values()), np.float64))
    true = data.labels[data.places([item for item, _, _ in found["requests"]])]
    return [
        (bool(asked != label), bool((value >= threshold) == (asked == 1)))
        for (_, asked, value), label in zip(found["requests"], true, strict=True)
    ]


def _origin(data: StudyData, found: Mapping[str, Any], label: int) -> float:
    """AUROC of synthetic against real held-out clips of a class, the generator asked for it."""
    label_of = dict(zip(data.item_ids, data.labels.tolist(), strict=True))
    real = [value for item, value in found["held_out"].items() if label_of[item] == label]
    made = [
        value
        for item, asked, value in found["requests"]
        if asked == label and label_of[item] == label
    ]
    is_made = np.array([False] * len(real) + [True] * len(made))
    return auroc(is_made, np.array(real + made))


def _mean(values: Iterable[float]) -> float | None:
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else None
