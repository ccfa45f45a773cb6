"""Penalised logistic regression, against scikit-learn's."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sonoloop.classification.logistic import LOGIT_DEVIATION, fit_logistic, logits


def _rows(seed: int, effect: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    positive = rng.random(80) < 0.3
    rows = rng.normal(size=(80, 5)) + effect * positive[:, None]
    rows -= rows.mean(0)
    return rows / rows.var(0).sum() ** 0.5, positive


@pytest.mark.parametrize("effect", [0.0, 0.5, 20.0])
def test_weights_are_those_of_scikit_learn(effect: float) -> None:
    """LogisticRegression with balanced classes and C = s^2 minimises the same function.

    Also where classes are separable (effect 20): the prior keeps weights finite.
    """
    rows, positive = _rows(0, effect)
    weights = fit_logistic(rows, positive)
    reference = LogisticRegression(
        C=LOGIT_DEVIATION**2, class_weight="balanced", tol=1e-10, max_iter=10_000
    ).fit(rows, positive)
    expected = [*reference.coef_[0], *reference.intercept_]
    np.testing.assert_allclose(weights, expected, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(
        logits(rows, weights), reference.decision_function(rows), rtol=1e-3, atol=1e-4
    )


def test_without_information_logits_are_zero() -> None:
    """Constant features leave only the bias, and classes count the same: even odds."""
    positive = np.array([True, *[False] * 9])
    assert np.abs(fit_logistic(np.zeros((10, 3)), positive)).max() < 1e-9
