"""HTML and SVG elements whose text and attributes are escaped, so that no caller can forget to."""

import re
from collections.abc import Iterable
from html import escape
from typing import Final

Attribute = str | int | float | bool | None

_VOID: Final = frozenset({"br", "img", "input", "link", "meta", "source"})
_NOT_HTML: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
"""Characters that no HTML document may hold."""


class Markup(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


def text(content: object) -> Markup:
    """Escape for a page, unless it is markup; characters that HTML forbids become U+FFFD."""
    if isinstance(content, Markup):
        return content
    return Markup(escape(_NOT_HTML.sub("\ufffd", str(content)), quote=True))


def join(parts: Iterable[object]) -> Markup:
    """Put text and markup one after the other; None stands for nothing."""
    return Markup("".join(text(part) for part in parts if part is not None))


def element(tag: str, /, *children: object, **attributes: Attribute) -> Markup:
    """Make an element.

    Args:
        tag: Its name.
        children: Text, which is escaped, markup or None.
        attributes: With ``_`` for ``-`` and a trailing one dropped (``class_``, ``aria_label``);
            True gives a bare attribute, False and None none.

    Returns:
        The element with all it holds.
    """
    written = "".join(
        _attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items()
    )
    if tag in _VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{join(children)}</{tag}>")


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{text(value)}"'
