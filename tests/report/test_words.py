"""How numbers are written."""

from math import inf, nan
from typing import get_args

import pytest

from sonoloop.report.records import Better, Role
from sonoloop.report.words import BETTER, ROLES, SHORT_ROLES, counted, interval, number


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (53.8215, "53.82"),
        (0.58, "0.58"),
        (1312.6, "1313"),
        (123456.0, "123456"),
        (0.0, "0"),
        (1e-7, "1e-07"),
        (nan, "not a number"),
        (inf, "+inf"),
    ],
)
def test_number(value: float, written: str) -> None:
    """Four significant digits, whole from a thousand on."""
    assert number(value) == written


def test_interval_and_count() -> None:
    """Half an interval is none."""
    assert interval(1.0, 2.5) == "[1, 2.5]"
    assert not interval(None, 2.5)
    assert counted(1, "file") == "1 file"
    assert counted(0, "file") == "0 files"
    assert counted(2, "entry", "entries") == "2 entries"


def test_every_role_and_direction_has_words() -> None:
    """A record may hold any of them."""
    assert set(ROLES) == set(SHORT_ROLES) == set(get_args(Role))
    assert set(BETTER) == set(get_args(Better))
