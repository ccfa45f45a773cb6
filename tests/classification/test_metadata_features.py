"""Metadata as numbers."""

import numpy as np

from sonoloop.classification.metadata_features import MAX_LEVELS, is_constant, metadata_features


def test_texts_become_levels() -> None:
    """One feature a level, the commonest first; a missing one is a level too."""
    found = metadata_features({"probe": ["convex", "linear", "convex", None]})
    assert found.T.tolist() == [[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]


def test_few_numbers_are_value_and_level() -> None:
    """A missing number takes the median and its own level."""
    found = metadata_features({"rate": [10.0, 30.0, 30.0, None]})
    assert found.T.tolist() == [[10, 30, 30, 30], [0, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]]


def test_many_numbers_are_a_quantity() -> None:
    """Durations that all differ name no device; without a missing one the value stands alone."""
    values = [float(number) for number in range(MAX_LEVELS + 5)]
    assert metadata_features({"duration_s": values}).T.tolist() == [values]
    with_gap = metadata_features({"duration_s": [*values, None]})
    assert with_gap.shape == (MAX_LEVELS + 6, 2)
    assert with_gap[-1].tolist() == [12.0, 1.0]


def test_numbers_in_texts_are_numbers_and_many_texts_are_cut() -> None:
    """A manifest holds text; a name of every clip gives at most as many levels as are allowed."""
    assert metadata_features({"fps": ["25", "25.0"]})[:, 0].tolist() == [25, 25]
    assert metadata_features({"fps": ["nan", "25"]}).shape == (2, 2)
    names = [f"clip {number}" for number in range(50)]
    assert metadata_features({"name": names}).shape == (50, MAX_LEVELS)


def test_columns_stand_side_by_side() -> None:
    """Every column gives its features for the same clips."""
    found = metadata_features({"a": ["x", "y"], "b": ["z", "z"]})
    assert np.array_equal(found, [[1, 0, 1], [0, 1, 1]])


def test_constant_columns_are_known() -> None:
    """All the same, or all missing."""
    assert is_constant(["a", "a"])
    assert is_constant([None, ""])
    assert not is_constant([None, "a"])
