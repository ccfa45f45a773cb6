"""Elements escape what they are given."""

import pytest

from sonoloop.report.markup import Markup, element, join, text


def test_text_and_attributes_are_escaped() -> None:
    """Neither closes an element or an attribute."""
    made = element("p", "<script>&", title='"><script>')
    assert made == '<p title="&quot;&gt;&lt;script&gt;">&lt;script&gt;&amp;</p>'


def test_markup_is_not_escaped_again() -> None:
    """Elements nest; None adds nothing."""
    assert element("p", element("b", "x"), None, " < y") == "<p><b>x</b> &lt; y</p>"
    assert join(["a", None, Markup("<br>")]) == "a<br>"


@pytest.mark.parametrize(
    ("value", "written"),
    [(True, " muted"), (False, ""), (None, ""), (3, ' muted="3"'), ("a", ' muted="a"')],
)
def test_attributes(value: str | float | None, written: str) -> None:
    """True is a bare attribute, False and None are none."""
    assert element("video", muted=value) == f"<video{written}></video>"


def test_names_of_attributes() -> None:
    """Python's underscores become hyphens, the one of a reserved word goes; tags may be void."""
    assert element("img", class_="a", aria_label="b", name="c") == (
        '<img class="a" aria-label="b" name="c">'
    )


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x9f", "\ud800", "\ufdd0", "\uffff"])
def test_characters_that_html_forbids_are_replaced(character: str) -> None:
    """A file name may hold anything; the page stays valid and can be encoded."""
    assert text(f"a{character}b") == "a\ufffdb"
