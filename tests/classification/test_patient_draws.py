"""Patients drawn with replacement."""

import numpy as np
import pytest
from scipy import stats

from sonoloop.classification.patient_draws import PatientDraws
from sonoloop.classification.scores import auroc
from sonoloop.errors import SonoloopError

GROUPS = tuple("aabbbcdeffg")
LABELS = np.array([1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0], dtype=bool)
SCORES = np.array([3, 1, 2, 2, 2, 0, 1, 1, 3, 3, 0])


def test_a_draw_is_the_auroc_of_the_clips_of_its_patients() -> None:
    """Writing out every drawn patient's clips as often as drawn gives each draw's figure."""
    patients = PatientDraws(GROUPS, 700, seed=3)
    found = patients.auroc(LABELS, SCORES)
    for draw in (0, 1, 499, 500, 699):
        times = patients.weights[draw, patients.numbers].astype(int)
        clips = np.repeat(np.arange(len(LABELS)), times)
        assert found[draw] == pytest.approx(auroc(LABELS[clips], SCORES[clips]), nan_ok=True)


def test_as_many_patients_are_drawn_as_there_are() -> None:
    """Clips of one patient come together, and the same seed draws the same."""
    patients = PatientDraws(GROUPS, 50, seed=0)
    assert (patients.weights.sum(1) == patients.num_groups).all()
    assert patients.num_groups == 7
    assert (patients.weights == PatientDraws(GROUPS, 50, seed=0).weights).all()
    assert (patients.weights != PatientDraws(GROUPS, 50, seed=1).weights).any()


def test_widening_is_that_of_a_mean_of_few() -> None:
    """sqrt(n / (n - 1)) t / z, from scipy.stats: 1.56 for 7 patients, 1 for very many."""
    expected = (7 / 6) ** 0.5 * stats.t.ppf(0.975, 6) / stats.norm.ppf(0.975)
    assert PatientDraws(GROUPS, 1, seed=0).widening() == pytest.approx(expected)
    many = PatientDraws(tuple(map(str, range(100_000))), 1, seed=0)
    assert many.widening() == pytest.approx(1, abs=1e-4)


def test_a_draw_without_a_class_is_not_a_number() -> None:
    """With one positive patient, about a third of the draws lack it."""
    found = PatientDraws(tuple("abcdef"), 400, seed=0).auroc(
        np.array([True, *[False] * 5]), np.arange(6)
    )
    assert 0.2 < np.isnan(found).mean() < 0.5


def test_few_patients_are_refused() -> None:
    """Four patients give no interval, however many clips they have."""
    with pytest.raises(SonoloopError, match="at least 5 patients, 4 are too few"):
        PatientDraws(tuple("aabbccdd"), 10, seed=0)
