"""Distances of parts are those of the plain functions, only sooner."""

import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sonoloop.errors import SonoloopError
from sonoloop.evaluation.frechet import frechet_distance_of_features
from sonoloop.evaluation.kvd import kernel_distance
from sonoloop.evaluation.subset_distances import (
    MAX_ROWS,
    frechet_between_subsets,
    kernel_between_subsets,
)


def normal(count: int, dimension: int, seed: int) -> Tensor:
    """Draw features far from the origin."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, dimension, generator=generator) + 20


@given(
    counts=st.tuples(st.integers(2, 30), st.integers(2, 30)),
    dimension=st.integers(1, 40),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40)
def test_parts_score_as_they_would_alone(
    counts: tuple[int, int], dimension: int, seed: int
) -> None:
    """Any rows, any rank: fewer clips than dimensions, or more."""
    one, other = normal(counts[0], dimension, seed), 2 * normal(counts[1], dimension, seed + 1)
    rng = np.random.default_rng(seed)
    ours, theirs = (
        np.sort(rng.choice(count, int(rng.integers(2, count + 1)), replace=False))
        for count in counts
    )
    expected = frechet_distance_of_features(one[ours], other[theirs])
    assert frechet_between_subsets(one, other)(ours, theirs) == pytest.approx(expected, rel=1e-9)
    expected = kernel_distance(one[ours], other[theirs])
    scale = kernel_distance(one, one + 1) + 1e4
    found = kernel_between_subsets(one, other)(ours, theirs)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12 * abs(scale))


def test_many_draws_of_few_clips_are_quick() -> None:
    """1,000 halves of 40 clips in 400 dimensions within seconds: what an interval takes."""
    distance = frechet_between_subsets(normal(40, 400, 0), normal(40, 400, 1))
    rng = np.random.default_rng(0)
    start = time.process_time()
    for _ in range(1000):
        distance(rng.choice(40, 20, replace=False), rng.choice(40, 20, replace=False))
    assert time.process_time() - start < 5


def test_impossible_sets_are_refused() -> None:
    """One clip, another net, too many for kernels."""
    many = normal(5, 3, 0)
    for prepare in (frechet_between_subsets, kernel_between_subsets):
        with pytest.raises(SonoloopError, match="at least 2 clips, got 1"):
            prepare(many, normal(1, 3, 0))
        with pytest.raises(SonoloopError, match="at least 2 clips, got 1"):
            prepare(many, many)([0, 1], [2])
        with pytest.raises(ValueError, match="3 and 4 dimensions"):
            prepare(many, normal(5, 4, 0))
    with pytest.raises(ValueError, match=f"{MAX_ROWS} at most"):
        kernel_between_subsets(many, normal(MAX_ROWS + 1, 3, 0))


def test_sets_too_large_for_a_table_are_compared_all_the_same() -> None:
    """Their features are looked up at every draw instead."""
    one, other = normal(MAX_ROWS + 1, 2, 0), normal(20, 2, 1)
    expected = frechet_distance_of_features(one[:3], other[:4])
    assert frechet_between_subsets(one, other)(range(3), range(4)) == pytest.approx(expected)
