"""How the report says roles, directions and numbers."""

from collections.abc import Mapping
from math import isfinite
from types import MappingProxyType
from typing import Final

from sonoloop.report.records import Better, Role

ROLES: Final[Mapping[Role, str]] = MappingProxyType(
    {
        "synthetic": "Synthetic",
        "reconstructed": "Reconstructed",
        "same-videos": "Floor: same videos, another time",
        "other-patients": "Real, other patients",
        "still-repeated": "Still repeated",
    }
)
"""In the order of the columns."""

SHORT_ROLES: Final[Mapping[Role, str]] = MappingProxyType(
    {**ROLES, "same-videos": "Same videos (floor)", "other-patients": "Other patients"}
)
"""For the labels of plots."""

BETTER: Final[Mapping[Better, str]] = MappingProxyType(
    {
        "lower": "lower is better",
        "higher": "higher is better",
        "one": "1 is right",
        "zero": "0 is right",
    }
)

TARGET: Final[Mapping[Better, float]] = MappingProxyType({"one": 1.0, "zero": 0.0})
"""The value that is right, where there is one."""

_SIGNIFICANT_FROM: Final = 1000


def number(value: float) -> str:
    """Write with four significant digits, large numbers whole."""
    if not isfinite(value):
        return "not a number" if value != value else f"{value:+g}"  # noqa: PLR0124 (nan)
    if _SIGNIFICANT_FROM <= abs(value) < 10 * _SIGNIFICANT_FROM**2:
        return f"{value:.0f}"
    return f"{value:.4g}"


def interval(low: float | None, high: float | None) -> str:
    """Write a 95 % interval in brackets; nothing where there is none."""
    return "" if low is None or high is None else f"[{number(low)}, {number(high)}]"


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """Write a number of things."""
    return f"{count} {singular if count == 1 else plural or singular + 's'}"
