"""From which probability on a video counts as positive, chosen on validation."""

import numpy as np
from jaxtyping import Int, Real

HALF = 0.5


def choose_threshold(labels: Int[np.ndarray, " n"], probabilities: Real[np.ndarray, " n"]) -> float:
    """Choose the threshold of the highest balanced accuracy; of several, the nearest to 1/2.

    Args:
        labels: 1 for positive, 0 for negative.
        probabilities: Of the positive class.

    Returns:
        A threshold between two probabilities that occur, or 1/2; 1/2 where a class is absent.
    """
    positive = labels == 1
    if positive.all() or not positive.any():
        return HALF
    levels = np.unique(probabilities)
    candidates = np.array([HALF, *((levels[1:] + levels[:-1]) / 2)])
    called = probabilities[None] >= candidates[:, None]
    balanced = (called[:, positive].mean(1) + (~called[:, ~positive]).mean(1)) / 2
    best = candidates[balanced >= balanced.max() - 1e-12]
    return float(best[np.abs(best - HALF).argmin()])
