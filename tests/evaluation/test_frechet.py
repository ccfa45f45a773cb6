"""The Frechet distance is that of the textbook, however the features arrive."""

import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg
from torch import Tensor

from sonoloop.errors import SonoloopError
from sonoloop.evaluation.frechet import Moments, frechet_distance, frechet_distance_of_features


def normal(count: int, dimension: int, seed: int) -> Tensor:
    """Draw correlated features in float64."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(dimension, dimension, generator=generator, dtype=torch.float64)
    return torch.randn(count, dimension, generator=generator, dtype=torch.float64) @ mixing


def textbook(one: Tensor, other: Tensor) -> float:
    """Take the matrix root of the product of the covariances, as most FVD codes do."""
    covariances = [np.cov(features.numpy(), rowvar=False) for features in (one, other)]
    root = linalg.sqrtm(covariances[0] @ covariances[1]).real
    shift = float((one.mean(0) - other.mean(0)).square().sum())
    return shift + float(np.trace(covariances[0] + covariances[1] - 2 * root))


@given(
    cuts=st.lists(st.integers(0, 40), max_size=5).map(sorted),
    seed=st.integers(0, 100),
    offset=st.sampled_from([0.0, 1e6]),
)
def test_moments_do_not_depend_on_the_batches(cuts: list[int], seed: int, offset: float) -> None:
    """Any cut of 40 vectors gives NumPy's mean and covariance, far from the origin too."""
    features = normal(40, 6, seed) + offset
    batches = [batch for batch in features.tensor_split(cuts) if len(batch)]
    moments = Moments.of_stream(batches)
    assert moments.count == 40
    np.testing.assert_allclose(moments.mean, features.mean(0), rtol=1e-12, atol=1e-12)
    expected = np.cov(features.numpy(), rowvar=False)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(moments.covariance(), expected, atol=1e-7 * scale)


def test_the_distance_is_the_textbooks() -> None:
    """scipy.linalg.sqrtm of the product of two full-rank covariances."""
    one, other = normal(200, 30, 0), normal(150, 30, 1) + 0.5
    expected = textbook(one, other)
    value = frechet_distance(Moments.of(one), Moments.of(other))
    assert value == pytest.approx(expected, rel=1e-9)
    assert frechet_distance_of_features(one, other) == pytest.approx(expected, rel=1e-9)


def test_two_normals_of_one_covariance_differ_by_their_means() -> None:
    """|m|^2, the known value for N(0, I) against N(m, I)."""
    features, shift = normal(50, 8, 2), torch.arange(8.0)
    value = frechet_distance(Moments.of(features), Moments.of(features + shift))
    assert value == pytest.approx(float(shift.square().sum()), rel=1e-9)


def test_scaled_normals_differ_by_their_spreads() -> None:
    """Commuting covariances: sum of (sigma_1 - sigma_2)^2, here of one set and its triple."""
    features = normal(60, 5, 3)
    features -= features.mean(0)
    value = frechet_distance_of_features(features, 3 * features)
    assert value == pytest.approx(4 * float(features.var(0).sum()), rel=1e-9)


@given(count=st.integers(2, 60), dimension=st.integers(1, 40), seed=st.integers(0, 100))
@settings(max_examples=40)
def test_a_set_is_at_no_distance_from_itself(count: int, dimension: int, seed: int) -> None:
    """To 1e-6 of its trace (metrics' golden value), of whatever rank and order of the clips."""
    features = normal(count, dimension, seed)
    shuffled = features.flip(0)
    trace = float(features.var(0).sum())
    assert frechet_distance(Moments.of(features), Moments.of(shuffled)) <= 1e-6 * trace
    assert frechet_distance_of_features(features, shuffled) <= 1e-6 * trace


@given(
    counts=st.tuples(st.integers(2, 30), st.integers(2, 30)),
    dimension=st.integers(1, 20),
    seed=st.integers(0, 100),
)
@settings(max_examples=40)
def test_both_ways_agree_and_neither_side_is_special(
    counts: tuple[int, int], dimension: int, seed: int
) -> None:
    """Moments and features, of full rank or not, give one number; so do swapped arguments."""
    one, other = normal(counts[0], dimension, seed), normal(counts[1], dimension, seed + 1)
    expected = frechet_distance(Moments.of(one), Moments.of(other))
    scale = float(one.var(0).sum() + other.var(0).sum())
    for value in (
        frechet_distance(Moments.of(other), Moments.of(one)),
        frechet_distance_of_features(one, other),
    ):
        assert value == pytest.approx(expected, rel=1e-9, abs=1e-6 * scale)


def test_400_dimensions_take_less_than_a_second() -> None:
    """One core's time for the distance of two full covariances."""
    moments = [Moments.of(normal(800, 400, seed)) for seed in (0, 1)]
    start = time.process_time()
    frechet_distance(*moments)
    assert time.process_time() - start < 1


def test_sets_without_covariance_are_refused() -> None:
    """No clips, or one."""
    one, many = Moments.of(torch.ones(1, 3)), Moments.of(normal(5, 3, 0))
    with pytest.raises(SonoloopError, match="at least 2 clips, got 1"):
        frechet_distance(one, many)
    with pytest.raises(SonoloopError, match="at least 2 clips, got 1"):
        frechet_distance_of_features(torch.ones(4, 3), torch.ones(1, 3))
    with pytest.raises(SonoloopError, match="at least 2 clips, got 0"):
        Moments.of_stream([])


def test_features_of_two_nets_are_refused() -> None:
    """Both dimensions are named."""
    one, other = normal(5, 3, 0), normal(5, 4, 0)
    with pytest.raises(ValueError, match="one net, got 3 and 4 dimensions"):
        frechet_distance(Moments.of(one), Moments.of(other))
    with pytest.raises(ValueError, match="one net, got 3 and 4 dimensions"):
        Moments.of(one).merged(Moments.of(other))
    with pytest.raises(ValueError, match="one net, got 3 and 4 dimensions"):
        frechet_distance_of_features(one, other)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_features_that_are_not_finite_are_refused(bad: float) -> None:
    """Count and first clip are named."""
    features = normal(6, 3, 0)
    features[4:, 1] = bad
    with pytest.raises(SonoloopError, match="of 2 clips are not finite, the first is clip 4"):
        Moments.of(features)
