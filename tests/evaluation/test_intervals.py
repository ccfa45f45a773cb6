"""Intervals hold what they promise, where the bootstrap of a Frechet distance does not."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sonoloop.errors import SonoloopError
from sonoloop.evaluation.frechet import frechet_distance_of_features
from sonoloop.evaluation.intervals import Items, mean_interval, subsampling_interval


def grouped(rng: np.random.Generator, num_groups: int) -> tuple[np.ndarray, list[int]]:
    """Draw 1 to 5 clips a patient, half of whose variance is the patient's; expectation 0."""
    counts = rng.integers(1, 6, num_groups)
    values = [rng.normal() + rng.normal(size=count) for count in counts]
    return np.concatenate(values), np.repeat(np.arange(num_groups), counts).tolist()


@pytest.mark.parametrize("num_groups", [6, 13, 40])
def test_intervals_of_means_cover_the_truth(num_groups: int) -> None:
    """In 91 to 99 % of 300 data sets of few and of many patients, clips correlated within them."""
    rng = np.random.default_rng(num_groups)
    covered = 0
    for _ in range(300):
        values, groups = grouped(rng, num_groups)
        interval = subsampling_interval(
            lambda drawn, values=values: float(values[drawn[0]].mean()),
            [groups],
            seed=0,
            num_subsamples=100,
        )
        covered += interval.low <= 0 <= interval.high
    assert 0.91 <= covered / 300 <= 0.99


def test_the_width_is_students() -> None:
    """Independent clips: 2 t_{n-1} s / sqrt(n), the textbook's interval of a mean, to 10 %."""
    values = np.random.default_rng(0).normal(size=30)
    interval = mean_interval(values, list(range(30)), seed=0)
    expected = 2 * 2.045 * values.std(ddof=1) / 30**0.5
    assert interval.high - interval.low == pytest.approx(expected, rel=0.1)
    assert interval.estimate == values.mean()


@pytest.mark.parametrize("fraction", [0.3, 0.5, 0.8])
def test_the_share_drawn_hardly_matters(fraction: float) -> None:
    """The factor sqrt(b / (n - b)) undoes it."""
    values = np.random.default_rng(1).normal(size=60)

    def width(share: float) -> float:
        interval = subsampling_interval(
            lambda drawn: float(values[drawn[0]].mean()), [range(60)], seed=0, fraction=share
        )
        return interval.high - interval.low

    assert width(fraction) == pytest.approx(width(0.5), rel=0.12)


def fvd_of(real: torch.Tensor, synthetic: torch.Tensor, drawn: Sequence[Items]) -> float:
    """Compute the Frechet distance of the drawn clips."""
    return frechet_distance_of_features(real[drawn[0]], synthetic[drawn[1]])


def test_the_bootstrap_of_a_frechet_distance_excludes_its_estimate_and_ours_does_not() -> None:
    """40 patients, 20 dimensions: repeated clips act like fewer, which raises the distance."""
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(40, 20, generator=generator, dtype=torch.float64)
    synthetic = torch.randn(40, 20, generator=generator, dtype=torch.float64) + 0.3
    rng = np.random.default_rng(0)
    draws = [rng.integers(0, 40, 40) for _ in range(200)]
    bootstrap = [fvd_of(real, synthetic, [drawn, drawn]) for drawn in draws]
    ours = subsampling_interval(
        lambda drawn: fvd_of(real, synthetic, drawn), [range(40)] * 2, seed=0, num_subsamples=200
    )
    assert ours.estimate < np.quantile(bootstrap, 0.025)
    assert ours.low < ours.estimate < ours.high


def test_intervals_of_a_frechet_distance_cover_its_expectation_at_this_number_of_clips() -> None:
    """In 88 % or more of 60 data sets; the expectation is the mean over 400 others."""
    generator = torch.Generator().manual_seed(1)

    def sets() -> tuple[torch.Tensor, torch.Tensor]:
        real, synthetic = torch.randn(2, 30, 6, generator=generator, dtype=torch.float64)
        return real, 0.7 * synthetic + 0.5

    expectation = np.mean([frechet_distance_of_features(*sets()) for _ in range(400)])
    covered = 0
    for _ in range(60):
        real, synthetic = sets()
        interval = subsampling_interval(
            lambda drawn, real=real, synthetic=synthetic: fvd_of(real, synthetic, drawn),
            [range(30), range(30, 60)],
            seed=0,
            num_subsamples=60,
        )
        covered += interval.low <= expectation <= interval.high
    assert covered >= 53


@given(seed=st.integers(0, 99), num_groups=st.integers(5, 20))
@settings(max_examples=15)
def test_groups_stay_whole_and_common_to_the_sets(seed: int, num_groups: int) -> None:
    """Half of the groups are drawn, with all of their clips, the same ones in both sets."""
    first = np.random.default_rng(seed).permutation(np.repeat(np.arange(num_groups), 3))
    second = np.arange(num_groups)
    draws = []

    def statistic(drawn: Sequence[Items]) -> float:
        draws.append((first[drawn[0]], second[drawn[1]]))
        return 0.0

    subsampling_interval(statistic, [first.tolist(), second.tolist()], seed=seed, num_subsamples=25)
    assert len(draws[0][0]) == 3 * num_groups  # the estimate comes from all clips
    for one, other in draws[1:]:
        assert sorted(one) == np.repeat(np.sort(other), 3).tolist()
        assert len(other) == round(num_groups / 2)


def test_sets_of_different_patients_are_drawn_apart() -> None:
    """Each to a half, so neither is ever empty."""
    counts = set()

    def statistic(drawn: Sequence[Items]) -> float:
        counts.add(tuple(map(len, drawn)))
        return 0.0

    result = subsampling_interval(
        statistic, [list("abcdefgh"), list("ijklmn")], seed=0, num_subsamples=20
    )
    assert counts == {(8, 6), (4, 3)}
    assert result.num_groups == (8, 6)


def test_the_seed_decides() -> None:
    """Equal seeds, equal intervals; another seed, another."""
    values, groups = grouped(np.random.default_rng(0), 12)
    one, again, other = (mean_interval(values, groups, seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one.low != other.low


def test_too_little_to_draw_from_is_refused() -> None:
    """Fewer than 5 patients, a statistic without value, impossible settings."""
    with pytest.raises(SonoloopError, match="4 are too few"):
        mean_interval([1.0] * 8, list("aabbccdd"), seed=0)
    with pytest.raises(SonoloopError, match="not finite for 20 of 20 draws of 3 groups"):
        subsampling_interval(
            lambda drawn: float("nan") if len(drawn[0]) < 6 else 1.0,
            [list("abcdef")],
            seed=0,
            num_subsamples=20,
        )
    with pytest.raises(ValueError, match=r"got 1.5, 0.95 and 1000"):
        subsampling_interval(lambda _: 0.0, [list("abcdef")], seed=0, fraction=1.5)
    with pytest.raises(ValueError, match=r"each of 3 clips, got shape \(2,\)"):
        mean_interval([1.0, 2.0], list("abc"), seed=0)
