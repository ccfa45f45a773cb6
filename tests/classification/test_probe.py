"""Probes of frozen features, out of fold."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from sonoloop.classification.probe import out_of_fold_logits
from sonoloop.classification.scores import auroc

FOLDS = np.arange(120) % 4


def _features(effect: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Make 60 features of which ten share a factor that holds the label."""
    rng = np.random.default_rng(seed)
    positive = rng.random(120) < 0.4
    features = rng.normal(size=(120, 60)) * rng.uniform(0.1, 10, 60)
    factor = rng.normal(size=120) + effect * positive
    features[:, :10] += 20 * factor[:, None]
    return features, positive


def test_scores_are_those_of_scikit_learn_fold_by_fold() -> None:
    """StandardScaler, PCA and LogisticRegression, fitted on each training side."""
    features, positive = _features(1.0)
    found = out_of_fold_logits(features, positive, FOLDS, num_components=8)
    for fold in range(4):
        train, test = fold != FOLDS, fold == FOLDS
        scaler = StandardScaler().fit(features[train])
        pca = PCA(8, svd_solver="full").fit(scaler.transform(features[train]))
        rows = pca.transform(scaler.transform(features))
        rows /= rows[train].var(0).sum() ** 0.5
        model = LogisticRegression(C=4, class_weight="balanced", tol=1e-10, max_iter=10_000)
        expected = model.fit(rows[train], positive[train]).decision_function(rows[test])
        np.testing.assert_allclose(found[test], expected, rtol=1e-3, atol=1e-4)


def test_it_finds_what_is_there_and_nothing_else() -> None:
    """A shared factor that differs by 2 deviations shows; without effect guessing remains."""
    values = [
        auroc(positive, out_of_fold_logits(features, positive, FOLDS))
        for features, positive in (_features(2.0), _features(0.0))
    ]
    assert values[0] > 0.8
    assert 0.3 < values[1] < 0.7


def test_held_out_clips_leave_no_trace_in_their_score() -> None:
    """Other labels for a fold change the scores of all folds but its own."""
    features, positive = _features(1.0)
    changed = np.where(FOLDS == 0, ~positive, positive)
    first, second = (out_of_fold_logits(features, one, FOLDS) for one in (positive, changed))
    np.testing.assert_array_equal(first[FOLDS == 0], second[FOLDS == 0])
    assert (first[FOLDS == 1] != second[FOLDS == 1]).any()


def test_constant_features_are_no_obstacle() -> None:
    """A single one, or one that is constant on a training side, gives even odds."""
    positive = np.arange(120) % 3 == 0
    constant = np.ones((120, 2))
    constant[FOLDS == 0, 1] = 7
    found = out_of_fold_logits(constant, positive, FOLDS, num_components=None)
    assert found[FOLDS == 0] == pytest.approx(0, abs=1e-9)
    assert np.isfinite(found).all()
