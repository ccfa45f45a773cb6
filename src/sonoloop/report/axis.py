"""One axis of a plot: from values to places, with ticks at round numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Final

LOG_FROM: Final = 20.0
"""Positive values whose largest is this many times the smallest get a logarithmic axis."""
_PADDING: Final = 0.06
_NUM_TICKS: Final = 5
_LARGEST_RATIO: Final = 1e12
_FEW_DECADES: Final = 2.5


@dataclass(frozen=True)
class Axis:
    """A straight or logarithmic axis.

    Args:
        low: Value at the start.
        high: Value at the end, above ``low``.
        start: Place of ``low``, in units of the picture.
        end: Place of ``high``.
        is_log: Whether equal ratios, not differences, are equally long.
    """

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    @classmethod
    def fit(
        cls, values: Iterable[float], *, start: float, end: float, may_be_log: bool = True
    ) -> "Axis":
        """Choose the range that shows all values; those that are not finite are left out."""
        shown = [value for value in values if isfinite(value)] or [0.0, 1.0]
        low, high = min(shown), max(shown)
        if may_be_log and low > 0 and LOG_FROM <= high / low <= _LARGEST_RATIO:
            factor = (high / low) ** _PADDING
            return cls(low / factor, high * factor, start, end, is_log=True)
        margin = _PADDING * (high - low) or 0.1 * abs(high) or 1.0
        return cls(low - margin, high + margin, start, end)

    def place(self, value: float) -> float:
        """Return where a value lies; beyond an end, the end."""
        inside = min(max(value, self.low), self.high)
        if self.is_log:
            share = log10(inside / self.low) / log10(self.high / self.low)
        else:
            share = (inside - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return round values within the range."""
        if not self.is_log:
            step = _round_step((self.high - self.low) / _NUM_TICKS)
            first, last = ceil(self.low / step), floor(self.high / step)
            marks = [float(f"{number * step:.12g}") for number in range(first, last + 1)]
            return [mark for mark in marks if self.low <= mark <= self.high]
        decades = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
        every = ceil(len(decades) / (2 * _NUM_TICKS))
        multiples = (1, 2, 5) if log10(self.high / self.low) < _FEW_DECADES else (1,)
        marks = [multiple * 10.0**decade for decade in decades[::every] for multiple in multiples]
        return [mark for mark in marks if self.low <= mark <= self.high]


def _round_step(rough: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at least ``rough``."""
    power = 10.0 ** floor(log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= 0.999 * rough)
