"""Options that take several values keep all of them, however they are given."""

import tyro
from hypothesis import given
from hypothesis import strategies as st

from sonoloop.cli.repeatable import Repeatable, flat

WORD = st.from_regex(r"[a-z]+=[a-z0-9,]+", fullmatch=True)


def command(*, source: Repeatable[str] = ()) -> tuple[str, ...]:
    """Return what was given."""
    return flat(source)


@given(st.lists(st.lists(WORD, min_size=1, max_size=3), max_size=3))
def test_nothing_is_dropped(times: list[list[str]]) -> None:
    """At once, one after the other, or both: in the order of the command."""
    words = [word for values in times for word in ("--source", *values)]
    asked = tuple(value for values in times for value in values)
    assert tyro.cli(command, args=words) == asked
