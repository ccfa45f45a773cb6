"""The kernel distance is Binkowski's, unbiased for few clips, and stays small in memory."""

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sonoloop.errors import SonoloopError
from sonoloop.evaluation.kvd import block_kernel_distance, kernel_distance


def normal(count: int, dimension: int, seed: int) -> Tensor:
    """Draw independent standard normal features."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, dimension, generator=generator, dtype=torch.float64)


def naive(one: Tensor, other: Tensor) -> float:
    """Follow the definition pair by pair."""

    def mean(first: Tensor, second: Tensor, *, distinct: bool) -> float:
        values = [
            (float(first[i] @ second[j]) / first.shape[1] + 1) ** 3
            for i, j in product(range(len(first)), range(len(second)))
            if not (distinct and i == j)
        ]
        return sum(values) / len(values)

    within = mean(one, one, distinct=True) + mean(other, other, distinct=True)
    return within - 2 * mean(one, other, distinct=False)


@given(
    counts=st.tuples(st.integers(2, 12), st.integers(2, 12)),
    chunk=st.integers(1, 13),
    seed=st.integers(0, 99),
)
@settings(max_examples=25)
def test_sums_over_chunks_are_the_double_loop(
    counts: tuple[int, int], chunk: int, seed: int
) -> None:
    """Whatever the chunk, and with the arguments swapped."""
    one, other = normal(counts[0], 5, seed), 0.3 + normal(counts[1], 5, seed + 1)
    expected = pytest.approx(naive(one, other), rel=1e-9, abs=1e-9)
    assert kernel_distance(one, other, chunk=chunk) == expected
    assert kernel_distance(other, one, chunk=chunk) == expected


@pytest.mark.parametrize("count", [4, 30])
def test_splits_of_one_distribution_are_at_no_distance_on_average(count: int) -> None:
    """The mean over 400 splits is within 3 standard errors of 0, and single values change sign."""
    values = torch.tensor(
        [kernel_distance(*normal(2 * count, 20, seed).split(count)) for seed in range(400)]
    )
    assert abs(values.mean()) < 3 * values.std() / 400**0.5
    assert values.min() < 0 < values.max()


def test_another_distribution_is_at_the_same_distance_for_few_and_many_clips() -> None:
    """A shift of .5 in 10 dimensions: means at 5 and at 100 clips agree within their errors."""
    means, errors = [], []
    for count in (5, 100):
        values = torch.tensor(
            [
                kernel_distance(normal(count, 10, seed), normal(count, 10, 5000 + seed) + 0.5)
                for seed in range(300)
            ]
        )
        means.append(float(values.mean()))
        errors.append(float(values.std() / 300**0.5))
    assert abs(means[0] - means[1]) < 3 * (errors[0] ** 2 + errors[1] ** 2) ** 0.5
    assert means[1] > 10 * errors[1]


def test_blocks_agree_with_all_pairs() -> None:
    """Within 4 of the standard errors they state; one block is all pairs."""
    one, other = normal(600, 10, 0), normal(500, 10, 1) + 0.3
    generator = torch.Generator().manual_seed(0)
    blocks = block_kernel_distance(one, other, generator=generator, block_size=25)
    exact = kernel_distance(one, other)
    assert blocks.num_blocks == 20
    assert blocks.standard_error is not None
    assert abs(blocks.value - exact) < 4 * blocks.standard_error
    whole = block_kernel_distance(one, other, generator=generator)
    assert whole.value == pytest.approx(exact, rel=1e-9)
    assert whole.standard_error is None


def test_bad_sets_are_refused() -> None:
    """Too few clips, two nets, numbers that are not finite, blocks of one clip."""
    good = normal(4, 3, 0)
    with pytest.raises(SonoloopError, match="at least 2 clips, got 1"):
        kernel_distance(good, good[:1])
    with pytest.raises(ValueError, match="got 3 and 2 dimensions"):
        kernel_distance(good, good[:, :2])
    with pytest.raises(SonoloopError, match="not finite"):
        kernel_distance(good, good / 0)
    with pytest.raises(ValueError, match="at least 2 clips, got 1"):
        block_kernel_distance(good, good, generator=torch.Generator(), block_size=1)
