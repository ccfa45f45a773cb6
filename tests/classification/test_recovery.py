"""Recovery and its interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonoloop.classification.recovery import fieller, recovery
from sonoloop.classification.statistics import ArmDraws


def _arms(i: float, k: float, *, spread: float = 0.01) -> ArmDraws:
    """Make normal draws of three arms of which i and k share half of their variance."""
    rng = np.random.default_rng(0)
    own = rng.normal(0, spread, (3, 4000))
    shared = rng.normal(0, spread, 4000)
    values = {"b": 0.6, "i": i, "k": k}
    draws = {
        arm: value + own[n] + (shared if arm != "b" else 0)
        for n, (arm, value) in enumerate(values.items())
    }
    return ArmDraws(values, draws, num_groups=51)


def test_half_of_a_clear_gain() -> None:
    """A gain of .11 of .2 is a recovery of .55, whose interval lies above nothing."""
    found = recovery(_arms(0.71, 0.8), synthetic="i", baseline="b", upper="k")
    assert found.ratio is not None
    assert found.ratio.estimate == pytest.approx(0.55)
    assert 0 < found.ratio.low < 0.55 < found.ratio.high < 1
    assert found.meets_target
    assert found.reason == ""


def test_less_than_half_or_perhaps_nothing_misses_the_target() -> None:
    """Both are asked for: at least half, and a lower end above 0."""
    less = recovery(_arms(0.65, 0.8), synthetic="i", baseline="b", upper="k")
    vague = recovery(_arms(0.71, 0.8, spread=0.05), synthetic="i", baseline="b", upper="k")
    assert less.ratio is not None
    assert less.ratio.low > 0
    assert not less.meets_target
    assert vague.ratio is not None
    assert vague.ratio.estimate > 0.5
    assert not vague.meets_target


def test_little_headroom_is_undecidable() -> None:
    """Below 14 points no ratio is given, but both differences are."""
    found = recovery(_arms(0.7, 0.73), synthetic="i", baseline="b", upper="k")
    assert found.ratio is None
    assert not found.meets_target
    assert found.headroom.estimate == pytest.approx(0.13)
    assert found.gain.estimate == pytest.approx(0.1)
    assert "gain +0.130, less than the 0.14 that 51 patients can divide" in found.reason
    allowed = recovery(_arms(0.7, 0.73), synthetic="i", baseline="b", upper="k", min_headroom=0.1)
    assert allowed.ratio is not None


def test_headroom_that_may_be_nothing_is_undecidable() -> None:
    """A gain of .2 with an interval around 0 is no denominator."""
    found = recovery(_arms(0.7, 0.8, spread=0.1), synthetic="i", baseline="b", upper="k")
    assert found.ratio is None
    assert found.headroom.low < 0
    assert "which may be nothing" in found.reason


def test_fieller_without_error_in_the_denominator_is_the_plain_interval() -> None:
    """N / d plus and minus z s / d, by hand."""
    ends = fieller(1.0, 4.0, np.array([[0.25, 0.0], [0.0, 0.0]]), level=0.95)
    assert ends == pytest.approx((0.25 - 1.959964 * 0.5 / 4, 0.25 + 1.959964 * 0.5 / 4))


@given(st.floats(-1, 1), st.floats(0.3, 1), st.floats(0.01, 0.1), st.floats(-0.9, 0.9))
def test_fieller_ends_are_where_the_difference_could_be_nothing(
    numerator: float, denominator: float, deviation: float, correlation: float
) -> None:
    """At each end |n - r d| is exactly z standard deviations of n - r d; the estimate is inside."""
    v = deviation**2
    covariance = np.array([[v, correlation * v], [correlation * v, v]])
    ends = fieller(numerator, denominator, covariance, level=0.95)
    assert ends is not None
    assert ends[0] <= numerator / denominator <= ends[1]
    for r in ends:
        spread = (v - 2 * r * correlation * v + r**2 * v) ** 0.5
        assert abs(numerator - r * denominator) == pytest.approx(1.959964 * spread, rel=1e-4)


def test_fieller_is_unbounded_where_the_denominator_may_be_nothing() -> None:
    """With |d| below z standard deviations no finite interval has the coverage."""
    assert fieller(0.5, 0.19, np.eye(2) * 0.01, level=0.95) is None
    assert fieller(0.5, 0.20, np.eye(2) * 0.01, level=0.95) is not None


def test_coverage_where_the_denominator_is_small() -> None:
    """Of 400 pairs with true ratio .5 and headroom of 3 deviations, 93 to 98 % of sets hold it.

    An unbounded set holds every ratio at hand, and counts.
    """
    rng = np.random.default_rng(0)
    held = 0
    for numerator, denominator in rng.normal((1.5, 3.0), 1.0, (400, 2)):
        ends = fieller(float(numerator), float(denominator), np.eye(2), level=0.95)
        # Beyond its poles the set is a complement; its test is the same inequality.
        held += (
            abs(numerator - 0.5 * denominator) <= 1.96 * 1.25**0.5
            if ends is None
            else ends[0] <= 0.5 <= ends[1]
        )
    assert 372 <= held <= 392
