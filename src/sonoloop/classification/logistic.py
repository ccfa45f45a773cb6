"""Logistic regression with a penalty, for probes of frozen features.

Minimises the mean over clips, each class counting the same, of the log loss plus the penalty of a
normal prior on the weights. Features are scaled together so that their variances sum to 1; then a
prior of standard deviation s lets the logit vary by s, whatever the number of features. With s = 2
most probabilities before any data lie between .02 and .98.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float64
from scipy.special import expit

LOGIT_DEVIATION: Final = 2.0
"""How far the logit varies a priori."""

NEWTON_STEPS: Final = 50
TOLERANCE: Final = 1e-9

Matrix = Float64[np.ndarray, "_n features"]


def fit_logistic(
    features: Matrix, positive: Bool[np.ndarray, " _n"]
) -> Float64[np.ndarray, " weights"]:
    """Find the weights by Newton's method (iteratively reweighted least squares).

    Args:
        features: Centred, variances summing to 1.
        positive: Class of each row; both are there.

    Returns:
        A weight for each feature, and last the bias, which is not penalised.
    """
    count, width = features.shape
    rows = np.concatenate([features, np.ones((count, 1))], axis=1)
    share = np.where(positive, 0.5 / positive.mean(), 0.5 / (~positive).mean())
    penalty = np.full(width + 1, LOGIT_DEVIATION**-2)
    penalty[-1] = 0.0
    weights = np.zeros(width + 1)
    for _ in range(NEWTON_STEPS):
        probability = expit(rows @ weights)
        gradient = rows.T @ (share * (probability - positive)) + penalty * weights
        curvature = (rows.T * (share * probability * (1 - probability))) @ rows
        step = np.linalg.solve(curvature + np.diag(penalty), gradient)
        weights = weights - step
        if np.abs(step).max() < TOLERANCE:
            break
    return weights


def logits(
    features: Matrix, weights: Float64[np.ndarray, " weights"]
) -> Float64[np.ndarray, " _n"]:
    """Apply weights to rows of features."""
    log_odds: npt.NDArray[np.float64] = features @ weights[:-1] + weights[-1]
    return log_odds
