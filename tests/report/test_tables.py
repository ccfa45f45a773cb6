"""Tables and folds."""

from sonoloop.report.tables import bullets, fold, scrolling_table, settings_table


def test_table_scrolls_by_itself_and_for_the_keyboard() -> None:
    """A named region that takes the focus; heads belong to rows and columns."""
    made = scrolling_table("All & sundry", ["a", "b"], [["x", 1], ["y", "<"]], class_="results")
    assert made.startswith('<div class="scroll" role="region" aria-label="All &amp; sundry"')
    assert 'tabindex="0"' in made
    assert "<caption>All &amp; sundry</caption>" in made
    assert made.count('scope="col"') == made.count('scope="row"') == 2
    assert "<td>&lt;</td>" in made


def test_settings_are_flat_and_complete() -> None:
    """Nested names are joined by dots; none, lists and truth read as words."""
    settings = {"a": {"b": 1, "c": {}}, "d": None, "e": [1, 2], "f": [], "g": True}
    made = settings_table("Settings", settings)
    for part in ("a.b</code></th><td>1", "a.c", "none", "1, 2", "(empty)", "yes"):
        assert part in made


def test_fold_and_bullets() -> None:
    """No bullets for nothing."""
    assert fold("More", "<x>") == "<details><summary>More</summary>&lt;x&gt;</details>"
    assert bullets(["a"]) == "<ul><li>a</li></ul>"
    assert not bullets([])
