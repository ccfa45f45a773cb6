"""Diversity is the mean over pairs, 0 for equal samples."""

from itertools import permutations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sonoloop.errors import SonoloopError
from sonoloop.evaluation.diversity import diversity


@given(
    stills=st.integers(1, 3),
    samples=st.integers(2, 6),
    width=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_it_is_the_mean_over_ordered_pairs(
    stills: int, samples: int, width: int, seed: int
) -> None:
    """Pair by pair, far from the origin too."""
    features = 1e3 + torch.randn(
        stills, samples, 3, width, generator=torch.Generator().manual_seed(seed)
    )
    for still, value in zip(features, diversity(features), strict=True):
        pairs = [
            (still[i].double() - still[j].double()).square().mean()
            for i, j in permutations(range(samples), 2)
        ]
        torch.testing.assert_close(value, torch.stack(pairs).mean(), rtol=1e-9, atol=1e-9)


def test_equal_samples_have_none() -> None:
    """A model that ignores its noise."""
    features = torch.rand(2, 1, 7).expand(2, 5, 7)
    assert diversity(features).tolist() == [0.0, 0.0]


def test_one_sample_is_refused() -> None:
    """It has no pair."""
    with pytest.raises(SonoloopError, match="at least 2 samples a still, got 1"):
        diversity(torch.rand(3, 1, 7))


def test_large_maps_are_looked_at_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size of the parts does not count."""
    features = torch.randn(2, 3, 5, 7, generator=torch.Generator().manual_seed(0))
    whole = diversity(features)
    monkeypatch.setattr("sonoloop.evaluation.diversity.PART", 4)
    torch.testing.assert_close(diversity(features), whole, rtol=1e-12, atol=0)
