"""Values with their intervals, one below the other: what overlaps is not told apart."""

from collections.abc import Sequence
from math import isfinite
from typing import Final, Literal, NamedTuple

from sonoloop.report.axis import Axis
from sonoloop.report.markup import Markup, element, join
from sonoloop.report.words import number

Kind = Literal["paper", "synthetic", "reconstructed", "reference"]

WIDTH: Final = 360
_LABELS_END, _PLOT_END = 122.0, 300.0
_TOP, _ROW, _BOTTOM = 40.0, 22.0, 22.0
_LONGEST_LABEL: Final = 19


class IntervalRow(NamedTuple):
    """One value of a plot.

    Args:
        label: Whose value it is.
        value: The estimate.
        low: Lower end of its interval; None without one.
        high: Upper end.
        kind: Chooses colour and mark.
    """

    label: str
    value: float
    low: float | None
    high: float | None
    kind: Kind


def interval_plot(
    title: str, note: str, rows: Sequence[IntervalRow], *, target: float | None = None
) -> Markup:
    """Draw values of one metric with their 95 % intervals.

    Args:
        title: Name of the metric.
        note: Which value is right, in words.
        rows: From top to bottom; values that are not finite are left out.
        target: The value that is right, if there is one; it gets a line.

    Returns:
        An <svg> element that says its numbers to a screen reader; empty without any value.
    """
    shown = [row for row in rows if isfinite(row.value)]
    if not shown:
        return Markup()
    ends = [end for row in shown for end in (row.value, row.low, row.high) if end is not None]
    axis = Axis.fit(
        ends if target is None else [*ends, target], start=_LABELS_END + 8, end=_PLOT_END
    )
    floor = _TOP + _ROW * len(shown)
    parts = [
        element("title", f"{title}: " + "; ".join(map(_spoken, shown))),
        element("text", title, x=0, y=14, class_="chart-title"),
        element("text", note, x=0, y=29),
        *_scale(axis, floor, target),
        *(
            part
            for place, row in enumerate(shown)
            for part in _row(row, axis, _TOP + _ROW * (place + 0.5))
        ),
    ]
    height = round(floor + _BOTTOM)
    return element("svg", *parts, viewBox=f"0 0 {WIDTH} {height}", role="img", class_="chart")


def _spoken(row: IntervalRow) -> str:
    interval = _interval(row)
    return f"{row.label} {number(row.value)}" + (f", {interval}" if interval else "")


def _interval(row: IntervalRow) -> str:
    if row.low is None or row.high is None:
        return ""
    return f"95 % interval {number(row.low)} to {number(row.high)}"


def _scale(axis: Axis, floor: float, target: float | None) -> list[Markup]:
    parts = [element("line", x1=axis.start, x2=axis.end, y1=floor, y2=floor, class_="axis")]
    for tick in axis.ticks():
        x = round(axis.place(tick), 1)
        parts += [
            element("line", x1=x, x2=x, y1=_TOP, y2=floor, class_="grid"),
            element("text", f"{tick:g}", x=x, y=floor + 14, text_anchor="middle"),
        ]
    if target is not None:
        x = round(axis.place(target), 1)
        parts.append(element("line", x1=x, x2=x, y1=_TOP, y2=floor, class_="target"))
    return parts


def _row(row: IntervalRow, axis: Axis, y: float) -> list[Markup]:
    short = row.label if len(row.label) <= _LONGEST_LABEL else row.label[: _LONGEST_LABEL - 1] + "…"
    x = round(axis.place(row.value), 1)
    bar: list[Markup] = []
    if row.low is not None and row.high is not None and isfinite(row.low) and isfinite(row.high):
        ends = [round(axis.place(end), 1) for end in (row.low, row.high)]
        bar = [
            element("line", x1=ends[0], x2=ends[1], y1=y, y2=y, class_=f"bar {row.kind}"),
            *(
                element("line", x1=end, x2=end, y1=y - 4, y2=y + 4, class_=f"bar {row.kind}")
                for end in ends
            ),
        ]
    if row.kind == "paper":
        outline = f"{x},{y - 5} {x + 5},{y} {x},{y + 5} {x - 5},{y}"
        mark = element("polygon", points=outline, class_="mark paper")
    else:
        mark = element("circle", cx=x, cy=y, r=4, class_=f"mark {row.kind}")
    return [
        element("text", short, x=_LABELS_END, y=y + 4, text_anchor="end"),
        join(bar),
        mark,
        element("text", number(row.value), x=WIDTH, y=y + 4, text_anchor="end", class_="value"),
    ]
