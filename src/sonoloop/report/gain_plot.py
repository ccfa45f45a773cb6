"""What is gained against how much there is: points with their intervals, joined by lines."""

from collections.abc import Sequence
from math import isfinite
from typing import Final, Literal, NamedTuple

from sonoloop.report.audit_record import IntervalRecord
from sonoloop.report.axis import Axis
from sonoloop.report.markup import Markup, element
from sonoloop.report.words import number

Kind = Literal["synthetic", "reconstructed", "reference", "paper"]

WIDTH: Final = 360
_LEFT, _RIGHT, _PLOT_HEIGHT = 48.0, 350.0, 150.0
_LEGEND_TOP, _LEGEND_ROW, _LEGEND_WIDTH = 26.0, 16.0, 115
_IN_A_ROW: Final = 3
_APART_PX: Final = 7.0
"""Series are shifted by this, so that their intervals do not hide each other."""


class Series(NamedTuple):
    """One line of a plot.

    Args:
        name: What is gained by.
        kind: Chooses the colour.
        points: How much there is, and what is gained; at least one.
    """

    name: str
    kind: Kind
    points: Sequence[tuple[float, IntervalRecord]]


def gain_plot(title: str, across: str, series: Sequence[Series]) -> Markup:
    """Draw gains with their 95 % intervals; a dashed line marks no gain.

    Args:
        title: What is gained.
        across: What lies along the horizontal axis.
        series: Each with its own colour; values that are not finite are left out.

    Returns:
        An <svg> element that says its numbers to a screen reader; empty without any value.
    """
    finite = [
        one._replace(points=[point for point in one.points if isfinite(point[1].estimate)])
        for one in series
    ]
    drawn = [one for one in finite if one.points]
    if not drawn:
        return Markup()
    top = _LEGEND_TOP + _LEGEND_ROW * -(-len(drawn) // _IN_A_ROW)
    floor = top + _PLOT_HEIGHT
    amounts = [amount for one in drawn for amount, _ in one.points]
    ends = [end for one in drawn for _, gain in one.points for end in (gain.low, gain.high)]
    horizontal = Axis.fit(amounts, start=_LEFT + 12, end=_RIGHT - 12, may_be_log=False)
    vertical = Axis.fit([*ends, 0.0], start=floor, end=top, may_be_log=False)
    zero = round(vertical.place(0.0), 1)
    parts = [
        element("title", f"{title}: " + "; ".join(map(_spoken, drawn))),
        element("text", title, x=0, y=14, class_="chart-title"),
        *_legend(drawn),
        *_grid(horizontal, vertical, floor),
        element("line", x1=_LEFT, x2=_RIGHT, y1=zero, y2=zero, class_="target"),
        *(
            part
            for place, one in enumerate(drawn)
            for part in _line(one, horizontal, vertical, _APART_PX * (place - (len(drawn) - 1) / 2))
        ),
        element("text", across, x=(_LEFT + _RIGHT) / 2, y=floor + 32, text_anchor="middle"),
    ]
    box = f"0 0 {WIDTH} {round(floor + 40)}"
    return element("svg", *parts, viewBox=box, role="img", class_="chart")


def _spoken(series: Series) -> str:
    points = ", ".join(
        f"{number(gain.estimate)} ({number(gain.low)} to {number(gain.high)}) at {number(amount)}"
        for amount, gain in series.points
    )
    return f"{series.name} {points}"


def _legend(series: Sequence[Series]) -> list[Markup]:
    parts = []
    for place, one in enumerate(series):
        x = _LEGEND_WIDTH * (place % _IN_A_ROW)
        y = _LEGEND_TOP + _LEGEND_ROW * (place // _IN_A_ROW)
        parts += [
            element("line", x1=x, x2=x + 16, y1=y, y2=y, class_=f"curve {one.kind}"),
            element("text", one.name, x=x + 20, y=y + 4),
        ]
    return parts


def _grid(horizontal: Axis, vertical: Axis, floor: float) -> list[Markup]:
    parts = []
    for tick in vertical.ticks():
        y = round(vertical.place(tick), 1)
        parts += [
            element("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="grid"),
            element("text", f"{tick:+g}" if tick else "0", x=_LEFT - 5, y=y + 4, text_anchor="end"),
        ]
    for tick in horizontal.ticks():
        x = round(horizontal.place(tick), 1)
        parts.append(element("text", f"{tick:g}", x=x, y=floor + 16, text_anchor="middle"))
    parts.append(element("line", x1=_LEFT, x2=_RIGHT, y1=floor, y2=floor, class_="axis"))
    return parts


def _line(series: Series, horizontal: Axis, vertical: Axis, shift: float) -> list[Markup]:
    places = [
        (
            round(horizontal.place(amount) + shift, 1),
            *(round(vertical.place(end), 1) for end in (gain.estimate, gain.low, gain.high)),
        )
        for amount, gain in sorted(series.points, key=lambda point: point[0])
    ]
    parts = []
    if len(places) > 1:
        outline = " ".join(f"{x},{y}" for x, y, _, _ in places)
        parts.append(element("polyline", points=outline, class_=f"curve {series.kind}"))
    for x, y, low, high in places:
        parts += [
            element("line", x1=x, x2=x, y1=low, y2=high, class_=f"bar {series.kind}"),
            element("circle", cx=x, cy=y, r=4, class_=f"mark {series.kind}"),
        ]
    return parts
