"""The threshold that validation chooses."""

import numpy as np
import pytest

from sonoloop.classification.threshold import choose_threshold


@pytest.mark.parametrize(
    ("labels", "probabilities", "threshold"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], 0.25),  # the one that tells them apart
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], 0.5),  # of several, the nearest to a half
        ([0, 1, 0, 1], [0.7, 0.7, 0.7, 0.7], 0.5),  # none does
        ([1, 1, 1, 1], [0.1, 0.2, 0.3, 0.4], 0.5),  # one class only
    ],
)
def test_threshold(labels: list[int], probabilities: list[float], threshold: float) -> None:
    """By hand."""
    found = choose_threshold(np.array(labels), np.array(probabilities))
    assert found == pytest.approx(threshold)


def test_no_threshold_is_better() -> None:
    """Balanced accuracy at the chosen one is the highest over a fine grid."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 60)
    scores = np.clip(0.3 * labels + 0.6 * rng.random(60), 0, 1)

    def balanced(threshold: float) -> float:
        called = scores >= threshold
        return float((called[labels == 1].mean() + (~called[labels == 0]).mean()) / 2)

    best = max(balanced(threshold) for threshold in np.linspace(0, 1, 2001))
    assert balanced(choose_threshold(labels, scores)) == pytest.approx(best)
