"""Options that take several values: ``--set a=1 b=2`` and ``--set a=1 --set b=2`` alike."""

from itertools import chain
from typing import TypeVar

from tyro.conf import UseAppendAction

Value = TypeVar("Value")
Repeatable = UseAppendAction[tuple[tuple[Value, ...], ...]]
"""What was given, a tuple for each time the option stands in the command. An option that only
keeps its last one would drop the others without a word."""


def flat(given: tuple[tuple[Value, ...], ...]) -> tuple[Value, ...]:
    """Return the values in their order."""
    return tuple(chain.from_iterable(given))
