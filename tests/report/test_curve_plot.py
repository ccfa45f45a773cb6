"""Plots of losses."""

from math import inf, nan

import pytest

from sonoloop.report.curve_plot import MAX_POINTS, Curve, curve_plot, thinned

FALLING = [(step, 1.0 - step / 2000) for step in range(1, 1001)]


def test_long_curves_are_averaged() -> None:
    """Few points, the last step and the mean stay."""
    short = thinned(FALLING)
    assert len(short) <= MAX_POINTS
    assert short[-1][0] == 1000
    means = [sum(value for _, value in points) / len(points) for points in (short, FALLING)]
    assert means[0] == pytest.approx(means[1], abs=1e-3)


def test_short_curves_stay() -> None:
    """What fits is drawn as it is, without what is not finite."""
    assert thinned([(1, 2.0), (2, nan), (3, inf), (4, 1.0)]) == [(1, 2.0), (4, 1.0)]
    assert not thinned([])


def test_both_curves_are_drawn_and_told() -> None:
    """Legend, lines, and words for a screen reader."""
    svg = curve_plot("loss", [Curve("training", FALLING), Curve("validation", [(500, 0.9)])])
    assert '<polyline points="' in svg
    assert 'class="curve training"' in svg
    assert 'class="mark validation"' in svg  # a single point is no line
    assert "loss over training steps: training from" in svg
    assert "validation from 0.9 to 0.9 at step 500" in svg


def test_nothing_finite_is_no_plot() -> None:
    """An empty log draws no empty axes."""
    assert not curve_plot("loss", [Curve("training", [(1, nan)])])
    assert not curve_plot("loss", [])


def test_ratios_are_drawn_logarithmically() -> None:
    """And the plot says so."""
    svg = curve_plot("kl", [Curve("training", [(1, 100.0), (2, 0.1)])])
    assert "logarithmic" in svg
