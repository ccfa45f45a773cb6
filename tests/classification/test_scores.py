"""Figures of a classifier: against scikit-learn, by hand, and their symmetries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from sonoloop.classification import scores

CASES = st.integers(0, 2**32 - 1)


def _case(seed: int, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw labels of all classes and probabilities, with ties."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(num_classes, 40))
    labels = np.concatenate([np.arange(num_classes), rng.integers(0, num_classes, count)])
    probabilities = rng.integers(1, 6, (len(labels), num_classes)).astype(np.float64)
    return labels, probabilities / probabilities.sum(1, keepdims=True)


@settings(max_examples=30)
@given(CASES, st.integers(2, 4))
def test_figures_are_those_of_scikit_learn(seed: int, num_classes: int) -> None:
    """An independent implementation gives every figure of the record (scikit-learn's metrics)."""
    labels, probabilities = _case(seed, num_classes)
    found = scores.class_scores(labels, probabilities)
    predictions = probabilities.argmax(1)
    assert found.confusion == tuple(
        map(tuple, metrics.confusion_matrix(labels, predictions, labels=range(num_classes)))
    )
    assert found.accuracy == pytest.approx(metrics.accuracy_score(labels, predictions))
    assert found.balanced_accuracy == pytest.approx(
        metrics.balanced_accuracy_score(labels, predictions)
    )
    assert found.macro_f1 == pytest.approx(metrics.f1_score(labels, predictions, average="macro"))
    if num_classes == 2:
        assert found.auroc == pytest.approx(metrics.roc_auc_score(labels, probabilities[:, 1]))
        assert found.f1 == pytest.approx(metrics.f1_score(labels, predictions))
        assert found.sensitivity == pytest.approx(metrics.recall_score(labels, predictions))
        assert found.specificity == pytest.approx(
            metrics.recall_score(labels, predictions, pos_label=0)
        )
    else:
        expected = metrics.roc_auc_score(labels, probabilities, multi_class="ovr")
        assert found.auroc == pytest.approx(expected)
        assert found.f1 is None
        assert found.sensitivity is None
        assert found.specificity is None


@given(CASES)
def test_auroc_of_swapped_classes_and_of_any_increasing_scale(seed: int) -> None:
    """Swapping classes mirrors it at 1/2; only the order of scores counts."""
    labels, probabilities = _case(seed, 2)
    value = scores.auroc(labels == 1, probabilities[:, 1])
    assert scores.auroc(labels == 0, probabilities[:, 1]) == pytest.approx(1 - value)
    assert scores.auroc(labels == 1, np.exp(3 * probabilities[:, 1])) == pytest.approx(value)


def test_hanley_and_mcneil_known_value() -> None:
    """Table 1 of Hanley & McNeil (1982): 109 CT readings on five grades have an area of 0.893."""
    normal, abnormal = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    labels = np.repeat([False, True], [sum(normal), sum(abnormal)])
    grades = np.concatenate([np.repeat(np.arange(5), normal), np.repeat(np.arange(5), abnormal)])
    assert scores.auroc(labels, grades) == pytest.approx(0.893, abs=0.0005)


def test_a_threshold_moves_sensitivity_against_specificity() -> None:
    """From .3 on positive: both positive clips found, one negative taken for one, by hand."""
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8]])
    found = scores.class_scores(np.array([0, 0, 1, 1]), probabilities, threshold=0.3)
    assert (found.sensitivity, found.specificity) == (1.0, 0.5)
    assert found.f1 == pytest.approx(0.8)
    assert found.confusion == ((1, 1), (0, 2))


def test_figures_of_many_confusions_at_once() -> None:
    """A stack of draws gives each draw's figure."""
    stack = np.array([[[3, 1], [0, 4]], [[1, 3], [2, 2]]])
    for figure in (
        scores.accuracy,
        scores.balanced_accuracy,
        scores.sensitivity,
        scores.specificity,
        scores.f1,
        scores.macro_f1,
    ):
        assert figure(stack).tolist() == [float(figure(one)) for one in stack]


def test_an_absent_class_is_not_a_number() -> None:
    """Nothing is claimed about a class of which there is no clip; a class never found scores 0."""
    assert np.isnan(scores.auroc(np.array([True, True]), np.array([0.1, 0.2])))
    assert np.isnan(scores.sensitivity(np.array([[2, 1], [0, 0]])))
    assert scores.f1(np.array([[2, 0], [3, 0]])) == 0


def test_wrong_input_is_refused() -> None:
    """Scores that are not finite, classes out of range, two-class figures of three classes."""
    with pytest.raises(ValueError, match="1 of 2 scores are not finite"):
        scores.auroc(np.array([True, False]), np.array([0.1, np.nan]))
    with pytest.raises(ValueError, match="a label lies in 0 to 2, not 0 to 1"):
        scores.confusion(np.array([0, 2]), np.array([0, 1]), 2)
    with pytest.raises(ValueError, match="of two classes, not 3"):
        scores.f1(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="between two classes, not 3"):
        scores.class_scores(np.array([0, 1, 2]), np.eye(3), threshold=0.5)
