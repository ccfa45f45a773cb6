"""Gains against amounts."""

from math import nan
from xml.etree import ElementTree as ET

from sonoloop.report.audit_record import IntervalRecord
from sonoloop.report.gain_plot import Series, gain_plot


def _gain(estimate: float, half: float = 0.05) -> IntervalRecord:
    return IntervalRecord(estimate=estimate, low=estimate - half, high=estimate + half)


SERIES = [
    Series("LDDM", "synthetic", [(60.0, _gain(0.02)), (20.0, _gain(0.12))]),
    Series("true videos", "reference", [(20.0, _gain(0.3)), (60.0, _gain(0.1))]),
]


def _attributes(svg: str, kind: str, *names: str) -> list[tuple[float, ...]]:
    root = ET.fromstring(svg)  # noqa: S314 (made here)
    found = [part for part in root.iter() if part.get("class") == kind]
    return [tuple(float(part.get(name, "nan")) for name in names) for part in found]


def test_points_lie_where_the_values_are() -> None:
    """Larger gains higher, more videos further right, intervals around the point."""
    svg = gain_plot("Gain", "videos", SERIES)
    (few_x, few_y), (many_x, many_y) = _attributes(svg, "mark synthetic", "cx", "cy")
    assert few_x < many_x
    assert few_y < many_y  # downwards
    for (x, y), (bar_x, low, high) in zip(
        _attributes(svg, "mark reference", "cx", "cy"),
        _attributes(svg, "bar reference", "x1", "y1", "y2"),
        strict=True,
    ):
        assert x == bar_x
        assert low > y > high
        assert abs(y - (low + high) / 2) < 0.2


def test_no_gain_is_marked() -> None:
    """Below all points that gain something."""
    ((zero,),) = _attributes(gain_plot("Gain", "videos", SERIES), "target", "y1")
    heights = [y for _, y in _attributes(gain_plot("G", "v", SERIES), "mark synthetic", "cx", "cy")]
    assert max(heights) < zero


def test_numbers_are_told_in_words() -> None:
    """A screen reader gets all that is drawn."""
    svg = gain_plot("Gain", "videos", SERIES[:1])
    assert "<title>Gain: LDDM 0.02 (-0.03 to 0.07) at 60, 0.12 (0.07 to 0.17) at 20</title>" in svg


def test_what_is_not_finite_is_left_out() -> None:
    """Nothing finite: no plot."""
    assert not gain_plot("G", "v", [Series("x", "paper", [(1.0, _gain(nan))])])
    assert not gain_plot("G", "v", [])


def test_names_of_users_stay_text() -> None:
    """Sources are called what users call them."""
    svg = gain_plot("G", "v", [Series("<b>", "paper", [(1.0, _gain(0.1))])])
    assert "<b>" not in svg
    assert "&lt;b&gt;" in svg
