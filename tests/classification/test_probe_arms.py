"""Views compared by the same probe."""

import numpy as np
import pytest

from sonoloop.classification.folds import patient_folds
from sonoloop.classification.patient_draws import PatientDraws
from sonoloop.classification.probe import out_of_fold_logits
from sonoloop.classification.probe_arms import View, probe_views
from sonoloop.classification.scores import auroc

GROUPS = tuple(str(number // 3) for number in range(120))


def _labels(num_classes: int) -> np.ndarray:
    return (np.arange(120) // 3) % num_classes


def _views(labels: np.ndarray) -> dict[str, View]:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(120, 6))
    told = noise + 2.0 * np.eye(6)[labels]
    return {"blind": View(noise), "sees": View(told), "again": View(told)}


def test_figures_are_means_over_divisions() -> None:
    """Each division into folds gives an AUROC; accuracy takes logits above 0 for positive."""
    labels = _labels(2)
    folds = [patient_folds(GROUPS, labels.astype(str).tolist(), 4, seed=s) for s in (0, 1)]
    views, done = _views(labels), []
    found = probe_views(views, labels, folds, PatientDraws(GROUPS, 200, seed=0), done.append)
    scores = [out_of_fold_logits(views["sees"].features, labels == 1, one) for one in folds]
    expected = np.mean([auroc(labels == 1, one) for one in scores])
    assert found.auroc.estimates["sees"] == pytest.approx(expected)
    right = np.mean([((one > 0) == labels).mean() for one in scores])
    assert found.accuracy["sees"] == pytest.approx(right)
    assert found.auroc.interval("sees").low > 0.7
    assert found.auroc.interval("blind").low < 0.5
    assert found.auroc.difference("sees", "blind").low > 0
    assert found.auroc.difference("sees", "again").estimate == 0
    assert sum(done) == 3


def test_more_classes_stand_against_the_others() -> None:
    """Three classes: the mean AUROC, and the likeliest class for the accuracy."""
    labels = _labels(3)
    folds = [patient_folds(GROUPS, labels.astype(str).tolist(), 4, seed=0)]
    views = _views(labels)
    found = probe_views(views, labels, folds, PatientDraws(GROUPS, 200, seed=0))
    columns = np.stack(
        [out_of_fold_logits(views["sees"].features, labels == c, folds[0]) for c in range(3)], 1
    )
    expected = np.mean([auroc(labels == c, columns[:, c]) for c in range(3)])
    assert found.auroc.estimates["sees"] == pytest.approx(expected)
    assert found.accuracy["sees"] == pytest.approx((columns.argmax(1) == labels).mean())
    shares = [(columns.argmax(1) == c)[labels == c].mean() for c in range(3)]
    assert found.balanced_accuracy["sees"] == pytest.approx(np.mean(shares))
    interval = found.auroc.interval("sees")
    assert interval.low < interval.estimate < interval.high
