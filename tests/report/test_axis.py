"""Axes show all values, with ticks at round ones."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonoloop.report.axis import Axis

FINITE = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(FINITE, min_size=1))
def test_every_value_lies_on_the_axis_in_order(values: list[float]) -> None:
    """A larger value is never nearer to the start."""
    axis = Axis.fit(values, start=10.0, end=110.0)
    places = [axis.place(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(10 <= place <= 110 for place in places)
    assert all(axis.low <= tick <= axis.high for tick in axis.ticks())


def test_ratios_get_a_logarithmic_axis() -> None:
    """From 20-fold on, if all are positive and the caller allows it."""
    axis = Axis.fit([1.0, 100.0], start=0.0, end=100.0)
    assert axis.is_log
    assert axis.place(10.0) == pytest.approx(50)
    assert axis.ticks() == pytest.approx([1, 2, 5, 10, 20, 50, 100])
    assert not Axis.fit([0.0, 100.0], start=0.0, end=100.0).is_log
    assert not Axis.fit([1.0, 100.0], start=0.0, end=100.0, may_be_log=False).is_log


def test_ticks_are_round() -> None:
    """Steps of 1, 2 or 5 times a power of ten."""
    assert Axis(0.0, 1.0, 0.0, 100.0).ticks() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert Axis(0.0, 1234.0, 0.0, 100.0).ticks() == [0, 500, 1000]
    assert Axis(0.3, 30.0, 0.0, 100.0, is_log=True).ticks() == pytest.approx([0.5, 1, 2, 5, 10, 20])


def test_values_without_a_place() -> None:
    """What is not finite is left out; nothing, one value and zero still give an axis."""
    assert Axis.fit([nan, inf, 1.0, 2.0], start=0.0, end=1.0).high < 3
    for values in ([], [5.0], [0.0]):
        axis = Axis.fit(values, start=0.0, end=1.0)
        assert axis.low < axis.high


def test_beyond_the_end_is_the_end() -> None:
    """A mark never leaves the picture."""
    axis = Axis(0.0, 1.0, 10.0, 20.0)
    assert axis.place(7.0) == 20
    assert axis.place(-7.0) == 10
