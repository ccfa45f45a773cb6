"""Plots as files."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from sonoloop.report import standalone_svg
from sonoloop.report.interval_plot import IntervalRow, interval_plot
from sonoloop.report.standalone_svg import standalone


def test_a_file_is_an_svg_with_its_own_style() -> None:
    """Parsed as XML, with a size; the colours are those of the page by day."""
    plot = interval_plot("T", "n", [IntervalRow("one", 1.0, 0.5, 1.5, "synthetic")])
    document = standalone(plot)
    root = ET.fromstring(document)  # noqa: S314 (made here)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert int(root.get("width", "0")) == 2 * (360 + 24)
    assert len(list(root)) == len(list(ET.fromstring(plot))) + 1  # noqa: S314
    page = (Path(standalone_svg.__file__).parent / "page.css").read_text()
    day = page.partition("@media")[0]
    for colour in re.findall(r"#[0-9a-f]{6}", document):
        assert colour in day
