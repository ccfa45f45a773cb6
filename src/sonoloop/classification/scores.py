"""How well a classifier does: the paper's F1 and accuracy, and what clinics read.

Figures that need a decision come from a confusion matrix, rows the true class and columns the
predicted one, so that one line serves a test set, a fold and all draws of a bootstrap alike. A
figure whose class is absent is not a number, never 0.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float64, Int, Real
from scipy.stats import rankdata

Labels = Int[np.ndarray, " n"] | Bool[np.ndarray, " n"]
Confusion = Real[np.ndarray, "*draws c c"]
"""Clips of each true class (rows) that were taken for each class (columns)."""

Figure = Float64[np.ndarray, "*draws"] | np.float64
"""One number a confusion matrix."""

PerClass = Float64[np.ndarray, "*draws c"]

BINARY = 2


@dataclass(frozen=True)
class ClassScores:
    """All figures of one classifier on one set.

    Args:
        auroc: Of two classes; of more, the mean of each class against the others.
        accuracy: Share of right decisions.
        balanced_accuracy: Mean over classes of the share that was found.
        macro_f1: Mean over classes of F1, the paper's for more than two.
        f1: Of the positive class; None for more than two classes.
        sensitivity: Share of the positive class that was found; None for more than two.
        specificity: Share of the negative class that was found; None for more than two.
        confusion: Rows true, columns predicted.
    """

    auroc: float
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    f1: float | None
    sensitivity: float | None
    specificity: float | None
    confusion: tuple[tuple[int, ...], ...]


def class_scores(
    labels: Int[np.ndarray, " n"],
    probabilities: Real[np.ndarray, "n c"],
    *,
    threshold: float | None = None,
) -> ClassScores:
    """Compute all figures.

    Args:
        labels: True class of each clip, 0 to c - 1; of two classes, 1 is the positive one.
        probabilities: Of each class.
        threshold: Of two classes: from which probability on a clip counts as positive, chosen on
            validation; None takes the likelier class.

    Raises:
        ValueError: If labels are no classes, or a threshold is given for more than two.
    """
    num_classes = probabilities.shape[1]
    if threshold is None:
        predictions = probabilities.argmax(1)
    elif num_classes == BINARY:
        predictions = (probabilities[:, 1] >= threshold).astype(np.intp)
    else:
        msg = f"a threshold decides between two classes, not {num_classes}"
        raise ValueError(msg)
    counts = confusion(labels, predictions, num_classes)
    is_binary = num_classes == BINARY
    return ClassScores(
        auroc=auroc(labels == 1, probabilities[:, 1])
        if is_binary
        else macro_auroc(labels, probabilities),
        accuracy=float(accuracy(counts)),
        balanced_accuracy=float(balanced_accuracy(counts)),
        macro_f1=float(macro_f1(counts)),
        f1=float(f1(counts)) if is_binary else None,
        sensitivity=float(sensitivity(counts)) if is_binary else None,
        specificity=float(specificity(counts)) if is_binary else None,
        confusion=tuple(tuple(row) for row in counts.tolist()),
    )


def auroc(labels: Labels, scores: Real[np.ndarray, " n"]) -> float:
    """Probability that a positive clip scores above a negative one, a tie counting half.

    The Mann-Whitney statistic over the number of pairs (Hanley & McNeil 1982,
    doi:10.1148/radiology.143.1.7063747).

    Args:
        labels: True (or 1) for positive clips.
        scores: Any increasing function of the probability; finite.

    Returns:
        In [0, 1], .5 for guessing; not a number if a class is absent.

    Raises:
        ValueError: If a score is not finite.
    """
    positive = labels.astype(bool)
    if not np.isfinite(scores).all():
        msg = f"{int((~np.isfinite(scores)).sum())} of {len(scores)} scores are not finite"
        raise ValueError(msg)
    num_positive = int(positive.sum())
    num_pairs = num_positive * (len(scores) - num_positive)
    if num_pairs == 0:
        return float("nan")
    rank_sum = float(rankdata(scores)[positive].sum())
    return (rank_sum - num_positive * (num_positive + 1) / 2) / num_pairs


def macro_auroc(labels: Int[np.ndarray, " n"], probabilities: Real[np.ndarray, "n c"]) -> float:
    """Mean over classes of the AUROC of each against all others.

    Args:
        labels: True classes, 0 to c - 1.
        probabilities: Of each class, or any score.

    Returns:
        In [0, 1]; not a number if a class is absent.
    """
    columns = range(probabilities.shape[1])
    return float(np.mean([auroc(labels == one, probabilities[:, one]) for one in columns]))


def confusion(
    labels: Int[np.ndarray, " n"], predictions: Int[np.ndarray, " n"], num_classes: int
) -> npt.NDArray[np.int64]:
    """Count the clips of each true class that were taken for each class.

    Args:
        labels: True classes, 0 to num_classes - 1.
        predictions: Predicted classes, likewise.
        num_classes: At least 2.

    Returns:
        (num_classes, num_classes), rows true, columns predicted.

    Raises:
        ValueError: If a class is out of range.
    """
    for name, values in (("label", labels), ("prediction", predictions)):
        if len(values) and not 0 <= values.min() <= values.max() < num_classes:
            msg = f"a {name} lies in {values.min()} to {values.max()}, not 0 to {num_classes - 1}"
            raise ValueError(msg)
    places = labels.astype(np.int64) * num_classes + predictions
    counts = np.bincount(places, minlength=num_classes**2).reshape(num_classes, num_classes)
    return counts.astype(np.int64)


def accuracy(counts: Confusion) -> Figure:
    """Share of clips whose class was found."""
    return _ratio(_diagonal(counts).sum(-1), counts.sum((-2, -1)))


def recalls(counts: Confusion) -> PerClass:
    """Share of each true class that was found."""
    return _ratio(_diagonal(counts), counts.sum(-1))


def balanced_accuracy(counts: Confusion) -> Figure:
    """Mean over classes of the share that was found."""
    figure: Figure = recalls(counts).mean(-1)
    return figure


def sensitivity(counts: Confusion) -> Figure:
    """Share of the positive class, 1 of two, that was found."""
    return recalls(_binary(counts))[..., 1]


def specificity(counts: Confusion) -> Figure:
    """Share of the negative class, 0 of two, that was found."""
    return recalls(_binary(counts))[..., 0]


def f1_of_classes(counts: Confusion) -> PerClass:
    """Twice the hits over true plus predicted members, for each class.

    The harmonic mean of precision and sensitivity; 0 where a class that is there is never found,
    not a number where it is neither there nor predicted.
    """
    return _ratio(2 * _diagonal(counts), counts.sum(-1) + counts.sum(-2))


def f1(counts: Confusion) -> Figure:
    """F1 of the positive class, 1 of two."""
    return f1_of_classes(_binary(counts))[..., 1]


def macro_f1(counts: Confusion) -> Figure:
    """Mean of F1 over classes."""
    figure: Figure = f1_of_classes(counts).mean(-1)
    return figure


def _diagonal(counts: Confusion) -> npt.NDArray[np.float64]:
    return np.diagonal(counts, axis1=-2, axis2=-1).astype(np.float64)


def _binary(counts: Confusion) -> Confusion:
    if counts.shape[-1] != BINARY:
        msg = f"this figure is of two classes, not {counts.shape[-1]}"
        raise ValueError(msg)
    return counts


def _ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Divide; not a number where there is nothing to divide by."""
    parts, wholes = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    undefined = np.full(wholes.shape, np.nan)
    ratio: npt.NDArray[np.float64] = np.divide(parts, wholes, out=undefined, where=wholes > 0)
    return ratio
