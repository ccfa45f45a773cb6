"""Plots of intervals."""

from math import nan
from xml.etree import ElementTree as ET

from sonoloop.report.interval_plot import IntervalRow, interval_plot

ROWS = [
    IntervalRow("LDDM, paper", 53.82, None, None, "paper"),
    IntervalRow("Synthetic", 60.0, 50.0, 70.0, "synthetic"),
]


def places(svg: str, kind: str, *attributes: str) -> list[float]:
    """Return numbers of the elements of a class, in order."""
    root = ET.fromstring(svg)  # noqa: S314 (made here)
    found = [part for part in root.iter() if part.get("class") == kind]
    return [float(part.get(name, "nan")) for part in found for name in attributes]


def test_marks_lie_where_the_values_are() -> None:
    """The value is inside its interval, in the middle if it is so."""
    svg = interval_plot("FVD", "lower is better", ROWS)
    low, high = places(svg, "bar synthetic", "x1", "x2")[:2]
    (middle,) = places(svg, "mark synthetic", "cx")
    assert low < middle < high
    assert abs(middle - (low + high) / 2) < 0.2


def test_numbers_are_told_in_words() -> None:
    """A screen reader gets all that is drawn."""
    svg = interval_plot("FVD", "lower is better", ROWS)
    spoken = "FVD: LDDM, paper 53.82; Synthetic 60, 95 % interval 50 to 70"
    assert f"<title>{spoken}</title>" in svg
    assert 'role="img"' in svg


def test_target_gets_a_line() -> None:
    """Also where no value is near to it."""
    svg = interval_plot("Energy", "1 is right", ROWS, target=1.0)
    (x,) = places(svg, "target", "x1")
    assert 130 <= x < places(svg, "mark synthetic", "cx")[0]


def test_values_without_a_place_are_left_out() -> None:
    """Nothing finite: no plot."""
    broken = IntervalRow("x", nan, None, None, "reference")
    assert "nan" not in interval_plot("FVD", "", [broken, *ROWS])
    assert not interval_plot("FVD", "", [broken])


def test_long_labels_are_cut_but_spoken_in_full() -> None:
    """Names of evaluations come from users."""
    row = ROWS[1]._replace(label="<b> a name that is far too long to fit")
    svg = interval_plot("FVD", "", [row])
    assert "&lt;b&gt; a name that is…</text>" in svg
    assert "too long to fit" in svg
    assert "<b>" not in svg
