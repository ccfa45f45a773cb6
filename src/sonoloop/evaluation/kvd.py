"""Kernel video distance: an unbiased distance between sets of features, small ones too.

Squared maximum mean discrepancy with the kernel k(x, y) = (x . y / d + 1)^3 (Binkowski et al. 2018,
arXiv:1801.01401, Section 4), as a U-statistic (Gretton et al. 2012, Eq. 3):

mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean_{i, j} k(x_i, y_j)

Its expectation depends on the distributions alone, not on the number of clips, and is 0 where they
are the same; single values may lie below 0.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.evaluation.frechet import (
    MIN_CLIPS,
    refuse_bad_features,
    refuse_unequal_dimensions,
)

CHUNK = 2048
"""Side of the blocks in which kernel matrices are summed: 32 MiB each."""

BLOCK_SIZE = 1000
"""Clips of a block, as Binkowski et al. (2018) use."""


@dataclass(frozen=True)
class KernelDistance:
    """A kernel distance averaged over disjoint blocks.

    Args:
        value: Mean over the blocks.
        standard_error: Standard deviation over the blocks / sqrt(blocks); None for one block.
            It takes clips for independent: clips of one patient are not.
        num_blocks: Number of blocks.
    """

    value: float
    standard_error: float | None
    num_blocks: int


def kernel_distance(
    one: Float[Tensor, "n features"],
    other: Float[Tensor, "m other_features"],
    *,
    chunk: int = CHUNK,
) -> float:
    """Compare two sets by all their pairs; time grows with (n + m)^2, memory does not.

    Args:
        one: Features of the first set, at least 2.
        other: Features of the second set, at least 2.
        chunk: Rows and columns of the kernel matrix held at once.

    Returns:
        Unbiased squared maximum mean discrepancy, without unit.

    Raises:
        SonoloopError: If a set has fewer than 2 clips or features that are not finite.
        ValueError: If the sets differ in their number of features.
    """
    refuse_unequal_dimensions(one.shape[1], other.shape[1])
    for features in (one, other):
        refuse_bad_features(features, at_least=MIN_CLIPS)
    own = sum(
        (_kernel_sum(features, features, chunk) - _diagonal_sum(features))
        / (len(features) * (len(features) - 1))
        for features in (one, other)
    )
    return own - 2 * _kernel_sum(one, other, chunk) / (len(one) * len(other))


def block_kernel_distance(
    one: Float[Tensor, "n features"],
    other: Float[Tensor, "m other_features"],
    *,
    generator: torch.Generator,
    block_size: int = BLOCK_SIZE,
) -> KernelDistance:
    """Average the distance over disjoint random blocks: time grows with n + m.

    Every clip is in one block (Zaremba et al. 2013, arXiv:1307.1954, Eq. 6), so the mean is
    unbiased too, a little less precise than over all pairs.

    Args:
        one: Features of the first set, at least 2.
        other: Features of the second set, at least 2.
        generator: Deals the clips out; on the CPU.
        block_size: Clips that a block has, at least, of the smaller set.

    Returns:
        Mean over the blocks with its standard error.

    Raises:
        SonoloopError: If a set has fewer than 2 clips or features that are not finite.
        ValueError: If the sets differ in their number of features or a block has fewer than 2.
    """
    if block_size < MIN_CLIPS:
        msg = f"a block needs at least {MIN_CLIPS} clips, got {block_size}"
        raise ValueError(msg)
    num_blocks = max(1, min(len(one), len(other)) // block_size)
    dealt = [
        torch.randperm(len(features), generator=generator).tensor_split(num_blocks)
        for features in (one, other)
    ]
    values = torch.tensor(
        [kernel_distance(one[mine], other[theirs]) for mine, theirs in zip(*dealt, strict=True)],
        dtype=torch.float64,
    )
    error = float(values.std() / num_blocks**0.5) if num_blocks > 1 else None
    return KernelDistance(float(values.mean()), error, num_blocks)


def _kernel_sum(
    one: Float[Tensor, "n features"], other: Float[Tensor, "m features"], chunk: int
) -> float:
    """Sum k over all pairs, in float64."""
    total = 0.0
    for rows in torch.split(one, chunk):
        exact = rows.double() / one.shape[1]
        for columns in torch.split(other, chunk):
            total += float((exact @ columns.double().mT + 1).pow(3).sum())
    return total


def _diagonal_sum(features: Float[Tensor, "n features"]) -> float:
    """Sum k(x, x), in float64."""
    return float(((features.double().square().sum(1) / features.shape[1]) + 1).pow(3).sum())
