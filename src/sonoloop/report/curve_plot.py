"""Losses over the steps of a training, training and validation in one plot."""

from collections.abc import Sequence
from math import isfinite
from typing import Final, Literal, NamedTuple

from sonoloop.report.axis import Axis
from sonoloop.report.markup import Markup, element
from sonoloop.report.words import number

WIDTH, HEIGHT = 360, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 48.0, 350.0, 40.0, 176.0
MAX_POINTS: Final = 300
"""Longer curves are averaged down to this many points."""

Kind = Literal["training", "validation"]
Points = Sequence[tuple[int, float]]
"""Step and value, in the order of the steps."""


class Curve(NamedTuple):
    """One curve of a plot.

    Args:
        kind: Chooses the colour; named in the legend.
        points: At least one.
    """

    kind: Kind
    points: Points


def curve_plot(title: str, curves: Sequence[Curve]) -> Markup:
    """Draw curves over training steps.

    Args:
        title: What is drawn.
        curves: Values that are not finite are left out.

    Returns:
        An <svg> element; empty without any finite value.
    """
    drawn = [curve._replace(points=thinned(curve.points)) for curve in curves]
    drawn = [curve for curve in drawn if curve.points]
    if not drawn:
        return Markup()
    steps = [step for curve in drawn for step, _ in curve.points]
    values = [value for curve in drawn for _, value in curve.points]
    across = Axis(0.0, float(max(1, *steps)), _LEFT, _RIGHT)
    up = Axis.fit(values, start=_BOTTOM, end=_TOP)
    spoken = "; ".join(f"{curve.kind} {_spoken(curve.points)}" for curve in drawn)
    parts = [
        element("title", f"{title} over training steps: {spoken}"),
        element("text", title, x=0, y=14, class_="chart-title"),
        *_legend(drawn, is_log=up.is_log),
        *_grid(across, up),
        *(_line(curve, across, up) for curve in drawn),
    ]
    return element("svg", *parts, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", class_="chart")


def thinned(points: Points) -> Points:
    """Drop what is not finite and average neighbours until ``MAX_POINTS`` are left at most."""
    finite = [(step, value) for step, value in points if isfinite(value)]
    width = -(-len(finite) // MAX_POINTS) or 1
    chunks = [finite[start : start + width] for start in range(0, len(finite), width)]
    return [
        (chunk[-1][0], sum(value for _, value in chunk) / len(chunk)) if width > 1 else chunk[0]
        for chunk in chunks
    ]


def _spoken(points: Points) -> str:
    return f"from {number(points[0][1])} to {number(points[-1][1])} at step {points[-1][0]}"


def _legend(curves: Sequence[Curve], *, is_log: bool) -> list[Markup]:
    parts, x = [], 0
    for curve in curves:
        parts += [
            element("line", x1=x, x2=x + 16, y1=26, y2=26, class_=f"curve {curve.kind}"),
            element("text", curve.kind, x=x + 20, y=30),
        ]
        x += 90
    if is_log:
        parts.append(element("text", "logarithmic", x=_RIGHT, y=30, text_anchor="end"))
    return parts


def _grid(across: Axis, up: Axis) -> list[Markup]:
    parts = []
    for tick in up.ticks():
        y = round(up.place(tick), 1)
        parts += [
            element("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="grid"),
            element("text", f"{tick:g}", x=_LEFT - 5, y=y + 4, text_anchor="end"),
        ]
    for tick in across.ticks():
        x = round(across.place(tick), 1)
        parts.append(element("text", f"{tick:g}", x=x, y=_BOTTOM + 16, text_anchor="middle"))
    parts.append(element("line", x1=_LEFT, x2=_RIGHT, y1=_BOTTOM, y2=_BOTTOM, class_="axis"))
    return parts


def _line(curve: Curve, across: Axis, up: Axis) -> Markup:
    places = [(across.place(float(step)), up.place(value)) for step, value in curve.points]
    if len(places) == 1:
        return element(
            "circle",
            cx=round(places[0][0], 1),
            cy=round(places[0][1], 1),
            r=3,
            class_=f"mark {curve.kind}",
        )
    outline = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return element("polyline", points=outline, class_=f"curve {curve.kind}")
