"""Folds of patients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonoloop.classification.folds import patient_folds
from sonoloop.errors import UsageError


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 6))
def test_no_patient_lies_in_two_folds_and_none_is_empty(seed: int, num_folds: int) -> None:
    """Whatever patients and labels, as long as each class has patients enough."""
    rng = np.random.default_rng(seed)
    groups = [str(g) for g in np.concatenate([np.arange(20), rng.integers(0, 20, 30)])]
    labels = ["yes" if int(group) % 2 else "no" for group in groups]
    folds = patient_folds(groups, labels, num_folds, seed=seed)
    assert set(folds.tolist()) == set(range(num_folds))
    fold_of: dict[str, set[int]] = {}
    for group, fold in zip(groups, folds.tolist(), strict=True):
        fold_of.setdefault(group, set()).add(fold)
    assert all(len(found) == 1 for found in fold_of.values())
    again = patient_folds(groups, labels, num_folds, seed=seed)
    assert (again == folds).all()


def test_every_fold_has_its_share_of_each_class() -> None:
    """30 patients of one clip, a third of them positive: 2 of 6 in each of 5 folds."""
    labels = ["yes" if number % 3 == 0 else "no" for number in range(30)]
    folds = patient_folds([str(number) for number in range(30)], labels, 5, seed=1)
    assert np.bincount(folds).tolist() == [6] * 5
    assert np.bincount(folds[[label == "yes" for label in labels]]).tolist() == [2] * 5


def test_what_cannot_be_divided_is_refused() -> None:
    """One class, fewer patients than folds, one fold, a class of one patient."""
    with pytest.raises(UsageError, match="all 4 clips are labelled yes: two classes are needed"):
        patient_folds(list("abcd"), ["yes"] * 4, 2, seed=0)
    with pytest.raises(UsageError, match="3 patients are fewer than 5 folds: ask for fewer"):
        patient_folds(list("aabbcc"), ["yes", "no"] * 3, 5, seed=0)
    with pytest.raises(UsageError, match="1 folds: at least 2"):
        patient_folds(list("ab"), ["yes", "no"], 1, seed=0)
    with pytest.raises(UsageError, match=r"all clips of the class yes \(1 patients\) lie in one"):
        patient_folds(list("aabcdef"), ["yes", "yes", *["no"] * 5], 3, seed=0)
