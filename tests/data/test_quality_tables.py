"""Tables escape what comes from files."""

from sonoloop.data.quality_tables import MAX_ROWS, Markup, counted, html_table


def test_text_is_escaped_and_markup_kept() -> None:
    """A file name cannot become part of the page."""
    table = html_table(["name", "n"], [["<script>", 3], [Markup("<b>x</b>"), 4.5]])
    assert "&lt;script&gt;" in table
    assert "<b>x</b>" in table
    assert '<td class="n">4.5</td>' in table
    assert "<th class=n>n</th>" in table


def test_long_tables_are_cut_and_say_so() -> None:
    """With the number of rows left out."""
    table = html_table(["n"], [[number] for number in range(MAX_ROWS + 7)])
    assert table.count("<tr>") == MAX_ROWS + 1
    assert "and 7 more, all in prepare.json" in table


def test_an_empty_table_has_its_head() -> None:
    """And no rows."""
    assert html_table(["a"], []) == "<table><tr><th>a</th></tr></table>"


def test_numbers_of_things() -> None:
    """One thing is not things."""
    assert [counted(count, "still") for count in range(3)] == ["0 stills", "1 still", "2 stills"]
