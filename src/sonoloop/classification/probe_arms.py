"""The same probe on several views of the same clips, compared patient by patient."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from sonoloop.classification.folds import Folds
from sonoloop.classification.patient_draws import PatientDraws
from sonoloop.classification.probe import NUM_COMPONENTS, out_of_fold_logits
from sonoloop.classification.scores import (
    BINARY,
    accuracy,
    auroc,
    balanced_accuracy,
    confusion,
    macro_auroc,
)
from sonoloop.classification.statistics import ArmDraws, widened


@dataclass(frozen=True)
class View:
    """What a probe gets to see of every clip.

    Args:
        features: A row for each clip.
        num_components: Principal components that are kept; None keeps the features.
    """

    features: Float64[np.ndarray, "n features"]
    num_components: int | None = NUM_COMPONENTS


@dataclass(frozen=True)
class ProbedViews:
    """What probes of each view reached.

    Args:
        auroc: With draws of patients; of more than two classes, the mean over each against the
            others.
        accuracy: Share of right decisions, classes counting the same in training.
        balanced_accuracy: The same, classes counting the same in the score too.
    """

    auroc: ArmDraws
    accuracy: Mapping[str, float]
    balanced_accuracy: Mapping[str, float]


def probe_views(
    views: Mapping[str, View],
    labels: Int[np.ndarray, " n"],
    folds: Sequence[Folds],
    patients: PatientDraws,
    advance: Callable[[int], None] = lambda _: None,
) -> ProbedViews:
    """Probe every view in the same folds.

    Args:
        views: By name.
        labels: Class of each clip, 0 to c - 1.
        folds: Divisions of the patients; figures are means over them.
        patients: Draws for intervals, the same for all views.
        advance: Called with the number of views done.

    Raises:
        SonoloopError: If patients are too few for an interval.
    """
    num_classes = int(labels.max()) + 1
    estimates, draws, right, balanced = {}, {}, {}, {}
    for name, view in views.items():
        scores = [_class_scores(view, labels, num_classes, one) for one in folds]
        counts = np.stack([confusion(labels, one.argmax(1), num_classes) for one in scores])
        right[name] = float(np.mean(accuracy(counts)))
        balanced[name] = float(np.mean(balanced_accuracy(counts)))
        if num_classes == BINARY:
            estimates[name] = float(np.mean([auroc(labels == 1, one[:, 1]) for one in scores]))
        else:
            estimates[name] = float(np.mean([macro_auroc(labels, one) for one in scores]))
        draws[name] = np.mean(
            [
                patients.auroc(labels == number, one[:, number])
                for one in scores
                for number in range(1 if num_classes == BINARY else 0, num_classes)
            ],
            axis=0,
        )
        advance(1)
    return ProbedViews(widened(estimates, draws, patients), right, balanced)


def _class_scores(
    view: View, labels: Int[np.ndarray, " n"], num_classes: int, folds: Folds
) -> Float64[np.ndarray, "n classes"]:
    """Score each class against the others; of two classes the scores mirror each other."""
    if num_classes == BINARY:
        scores = out_of_fold_logits(
            view.features, labels == 1, folds, num_components=view.num_components
        )
        return np.stack([-scores, scores], axis=1)
    return np.stack(
        [
            out_of_fold_logits(
                view.features, labels == number, folds, num_components=view.num_components
            )
            for number in range(num_classes)
        ],
        axis=1,
    )
