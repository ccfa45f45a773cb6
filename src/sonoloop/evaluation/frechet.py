"""Frechet distance between two sets of features, from moments that are summed up as they come.

d^2 = |mu_1 - mu_2|^2 + tr(S_1 + S_2 - 2 (S_1^1/2 S_2 S_1^1/2)^1/2)
(Dowson and Landau 1982, doi:10.1016/0047-259X(82)90077-X, Eq. 16), with covariances over n - 1.

The last trace is the sum of the singular values of A_1^T A_2 for any factors S_i = A_i A_i^T,
because S_1^1/2 = A_1 Q for some orthogonal Q up to columns of zero. Factors come from symmetric
eigendecompositions, or straight from the features where there are fewer of them than dimensions.
Singular values are exact to the rounding of the largest; square roots of the eigenvalues of
S_1^1/2 S_2 S_1^1/2 lose half of the digits, and rank-deficient covariances have hundreds of such.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from sonoloop.errors import SonoloopError

MIN_CLIPS = 2
"""The fewest clips that have a covariance."""


@dataclass(frozen=True)
class Moments:
    """Count, mean and scatter of a set of features: all that the distance needs to know of it.

    Args:
        count: Number n of feature vectors.
        mean: Their mean.
        scatter: Sum of the outer products of their deviations from the mean.
    """

    count: int
    mean: Float64[Tensor, " features"]
    scatter: Float64[Tensor, "features features"]

    @classmethod
    def of(cls, features: Float[Tensor, "b features"]) -> "Moments":
        """Sum up one batch, of at least 1 vector.

        Raises:
            SonoloopError: If there is no vector or one that is not finite.
        """
        refuse_bad_features(features, at_least=1)
        exact = features.double()
        mean = exact.mean(0)
        deviation = exact - mean
        return cls(len(exact), mean, deviation.mT @ deviation)

    @classmethod
    def of_stream(cls, batches: Iterable[Float[Tensor, "_b _features"]]) -> "Moments":
        """Sum up batches as they come; memory does not grow with their number.

        Raises:
            SonoloopError: If the stream is empty or holds a number that is not finite.
        """
        moments = (cls.of(batch) for batch in batches)
        first = next(moments, None)
        if first is None:
            raise too_few(0)
        return reduce(cls.merged, moments, first)

    def merged(self, other: "Moments") -> "Moments":
        """Join two sets (Chan, Golub and LeVeque 1983, doi:10.1080/00031305.1983.10483115).

        mean = mean_a + (n_b / n) delta, scatter = scatter_a + scatter_b + (n_a n_b / n) delta
        delta^T, with delta = mean_b - mean_a and n = n_a + n_b.

        Raises:
            ValueError: If the sets differ in their number of features.
        """
        refuse_unequal_dimensions(len(self.mean), len(other.mean))
        count = self.count + other.count
        delta = other.mean - self.mean
        outer = torch.outer(delta, delta * (self.count * other.count / count))
        return Moments(
            count,
            self.mean + delta * (other.count / count),
            self.scatter + other.scatter + outer,
        )

    def covariance(self) -> Float64[Tensor, "features features"]:
        """Return the unbiased covariance, over n - 1.

        Raises:
            SonoloopError: If there are fewer than 2 clips.
        """
        if self.count < MIN_CLIPS:
            raise too_few(self.count)
        return self.scatter / (self.count - 1)


def frechet_distance(one: Moments, other: Moments) -> float:
    """Compare two sets by their moments.

    Args:
        one: The first set, at least 2 clips.
        other: The second set, at least 2 clips.

    Returns:
        Squared Frechet distance in squared units of the features, at least 0.

    Raises:
        SonoloopError: If a set has fewer than 2 clips.
        ValueError: If the sets differ in their number of features.
    """
    refuse_unequal_dimensions(len(one.mean), len(other.mean))
    return _distance(
        one.mean,
        other.mean,
        _factor_of_covariance(one.covariance()),
        _factor_of_covariance(other.covariance()),
    )


def frechet_distance_of_features(
    one: Float[Tensor, "n features"], other: Float[Tensor, "m other_features"]
) -> float:
    """Compare two sets that lie in memory; much faster where they are small, and the same number.

    Args:
        one: Features of the first set.
        other: Features of the second set.

    Returns:
        Squared Frechet distance in squared units of the features, at least 0.

    Raises:
        SonoloopError: If a set has fewer than 2 clips or features that are not finite.
        ValueError: If the sets differ in their number of features.
    """
    refuse_unequal_dimensions(one.shape[1], other.shape[1])
    means, factors = [], []
    for features in (one.double(), other.double()):
        refuse_bad_features(features, at_least=MIN_CLIPS)
        means.append(features.mean(0))
        if len(features) > features.shape[1]:
            factors.append(_factor_of_covariance(Moments.of(features).covariance()))
        else:
            factors.append((features - means[-1]).mT / (len(features) - 1) ** 0.5)
    return _distance(*means, *factors)


def refuse_bad_features(features: Float[Tensor, "n features"], *, at_least: int) -> None:
    """Refuse features that have no mean or no covariance.

    Raises:
        SonoloopError: If there are too few vectors or a number is not finite.
    """
    if len(features) < at_least:
        raise too_few(len(features))
    finite = torch.isfinite(features).all(1)
    if not finite.all():
        first = int((~finite).nonzero()[0, 0])
        msg = f"features of {int((~finite).sum())} clips are not finite, the first is clip {first}"
        raise SonoloopError(msg)


def too_few(count: int) -> SonoloopError:
    """Say that a set of ``count`` clips has no covariance."""
    return SonoloopError(f"a set needs at least {MIN_CLIPS} clips, got {count}")


def refuse_unequal_dimensions(one: int, other: int) -> None:
    """Refuse features of two nets.

    Raises:
        ValueError: If the numbers of features differ.
    """
    if one != other:
        msg = f"features must come from one net, got {one} and {other} dimensions"
        raise ValueError(msg)


def _factor_of_covariance(
    covariance: Float64[Tensor, "features features"],
) -> Float64[Tensor, "features features"]:
    """Return A with A A^T = covariance; eigenvalues below 0 are rounding and become 0."""
    values, vectors = torch.linalg.eigh(covariance)
    factor: Tensor = vectors * values.clamp(min=0).sqrt()
    return factor


def _distance(
    mean: Float64[Tensor, " features"],
    other_mean: Float64[Tensor, " features"],
    factor: Float64[Tensor, "features rank"],
    other_factor: Float64[Tensor, "features other_rank"],
) -> float:
    shift = (mean - other_mean).square().sum()
    traces = factor.square().sum() + other_factor.square().sum()
    cross = torch.linalg.svdvals(factor.mT @ other_factor).sum()
    return float((shift + traces - 2 * cross).clamp(min=0))  # below 0 is rounding
