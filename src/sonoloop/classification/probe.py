"""What can be read from fixed features: principal components and a logistic regression, per fold.

A probe answers whether a label is in features at all, without training a net: standardise, keep 32
principal components, fit. All of it is fitted on a fold's training patients only. Classes count the
same whatever their number, so that logits of different folds can be pooled: with plain weights the
bias would follow the training side's share of positives, which is high where the held-out side's is
low.
"""

from typing import Final

import numpy as np
from jaxtyping import Bool, Float64

from sonoloop.classification.folds import Folds
from sonoloop.classification.logistic import fit_logistic, logits

NUM_COMPONENTS: Final = 32
CONSTANT: Final = 1e-9
"""Deviation below which a feature is constant."""

Features = Float64[np.ndarray, "n features"]


def out_of_fold_logits(
    features: Features,
    positive: Bool[np.ndarray, " n"],
    folds: Folds,
    *,
    num_components: int | None = NUM_COMPONENTS,
) -> Float64[np.ndarray, " n"]:
    """Score every clip by a probe that was fitted on the other folds.

    Args:
        features: Finite.
        positive: Class of each clip.
        folds: Fold in which each clip is held out; the others hold both classes.
        num_components: Principal components, fewer where features or clips are; None keeps the
            features as they are.

    Returns:
        Log odds of each clip.
    """
    scores = np.empty(len(features))
    for fold in np.unique(folds):
        held_out = folds == fold
        train, test = _prepared(features, ~held_out, num_components)
        weights = fit_logistic(train, positive[~held_out])
        scores[held_out] = logits(test, weights)
    return scores


def _prepared(
    features: Features, training: Bool[np.ndarray, " n"], num_components: int | None
) -> tuple[Float64[np.ndarray, "_rows kept"], Float64[np.ndarray, "_others kept"]]:
    """Standardise, project and scale to a total variance of 1, by the training rows alone."""
    mean, deviation = features[training].mean(0), features[training].std(0)
    varying = deviation > CONSTANT
    standard = (features - mean)[:, varying] / deviation[varying]
    if num_components is not None:
        _, _, components = np.linalg.svd(standard[training], full_matrices=False)
        standard = standard @ components[:num_components].T
    total = float(standard[training].var(0).sum()) ** 0.5
    scaled = standard / total if total > CONSTANT else standard
    return scaled[training], scaled[~training]
