"""Tables of the quality page: text escaped, numbers to the right, long ones cut."""

from collections.abc import Iterable, Sequence
from html import escape

MAX_ROWS = 300


class Markup(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


def html_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out a table.

    Args:
        heads: Name of each column.
        rows: Cells: numbers, text, or ``Markup``. Rows beyond ``MAX_ROWS`` are counted only.

    Returns:
        A <table> element, followed by the number of rows left out.
    """
    kept = list(rows)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in kept[:MAX_ROWS])
    is_number = [isinstance(cell, int | float) for cell in kept[0]] if kept else []
    is_number += [False] * (len(heads) - len(is_number))
    head = "".join(
        f"<th{' class=n' if number else ''}>{escape(text)}</th>"
        for text, number in zip(heads, is_number, strict=True)
    )
    more = len(kept) - MAX_ROWS
    rest = f'<p class="quiet">and {more} more, all in prepare.json</p>' if more > 0 else ""
    return f"<table><tr>{head}</tr>{body}</table>{rest}"


def _cell(value: object) -> str:
    if isinstance(value, Markup):
        return f"<td>{value}</td>"
    if isinstance(value, int | float):
        return f'<td class="n">{value:g}</td>'
    return f"<td>{escape(str(value))}</td>"


def counted(count: int, singular: str) -> str:
    """Write a number of things.

    Args:
        count: How many.
        singular: One of them; its plural ends in s.
    """
    return f"{count} {singular}{'s' * (count != 1)}"
