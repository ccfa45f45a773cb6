"""Folds of patients, so that every clip is scored by a net that never saw its patient."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from sonoloop.data.splits import balanced_sides
from sonoloop.errors import UsageError

MIN_FOLDS = 2

Folds = Int[np.ndarray, " n"]
"""Fold in which each clip is held out."""


def patient_folds(
    groups: Sequence[str], labels: Sequence[str], num_folds: int, *, seed: int
) -> Folds:
    """Divide patients between folds, each near the whole's share of every class.

    Args:
        groups: Patient of each clip.
        labels: Class of each clip.
        num_folds: At least 2.
        seed: Of the order in which patients are placed.

    Returns:
        0 to num_folds - 1 for each clip, the same for all clips of a patient.

    Raises:
        UsageError: If there is one class only, patients are fewer than folds, or the training
            side of a fold would lack a class.
    """
    if num_folds < MIN_FOLDS:
        msg = f"{num_folds} folds: at least {MIN_FOLDS} are needed, one is held out at a time"
        raise UsageError(msg)
    classes = sorted(set(labels))
    if len(classes) < MIN_FOLDS:
        msg = f"all {len(labels)} clips are labelled {', '.join(classes)}: two classes are needed"
        raise UsageError(msg)
    if (num_groups := len(set(groups))) < num_folds:
        msg = f"{num_groups} patients are fewer than {num_folds} folds: ask for fewer folds"
        raise UsageError(msg)
    folds: Folds = balanced_sides(groups, labels, [1 / num_folds] * num_folds, seed=seed)
    for one in classes:
        of_class = np.array([label == one for label in labels])
        if len(np.unique(folds[of_class])) == 1:
            num_patients = len(set(np.array(groups)[of_class].tolist()))
            msg = (
                f"all clips of the class {one} ({num_patients} patients) lie in one fold, so that "
                "nothing is left to learn it from: more patients of it are needed"
            )
            raise UsageError(msg)
    return folds
