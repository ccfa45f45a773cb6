"""Tables that scroll in a container of their own, and folds of settings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sonoloop.report.markup import Markup, element, join


def scrolling_table(
    caption: str, heads: Sequence[object], rows: Iterable[Sequence[object]], *, class_: str = ""
) -> Markup:
    """Lay out a table that may be wider than a phone.

    Args:
        caption: What the table shows; also names the container, which the keyboard can reach.
        heads: Name of each column.
        rows: Cells; the first of a row is its head.
        class_: For the style sheet.

    Returns:
        A <div> that scrolls, with the table.
    """
    head = element("tr", *(element("th", cell, scope="col") for cell in heads))
    body = [
        element("tr", element("th", row[0], scope="row"), *(_cell(cell) for cell in row[1:]))
        for row in rows
    ]
    table = element(
        "table",
        element("caption", caption),
        element("thead", head),
        element("tbody", *body),
        class_=class_ or None,
    )
    return element("div", table, class_="scroll", role="region", aria_label=caption, tabindex=0)


def _cell(value: object) -> Markup:
    return element("td", value)


def fold(summary: str, *content: object) -> Markup:
    """Hide content behind its summary until a reader opens it."""
    return element("details", element("summary", summary), *content)


def settings_table(caption: str, settings: Mapping[str, object]) -> Markup:
    """List settings with their values; nested ones by dotted names."""
    rows = [[element("code", name), _value(value)] for name, value in _flat(settings)]
    return scrolling_table(caption, ["setting", "value"], rows, class_="settings")


def _flat(settings: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _value(value: object) -> Markup:
    if value is None:
        return element("span", "none", class_="quiet")
    if isinstance(value, bool):
        return element("span", "yes" if value else "no")
    if isinstance(value, list | tuple):
        return join([", ".join(map(str, value)) or "(empty)"])
    return join([value])


def bullets(items: Iterable[object]) -> Markup:
    """List sentences; nothing where there are none."""
    kept = [element("li", item) for item in items]
    return element("ul", *kept) if kept else Markup()
