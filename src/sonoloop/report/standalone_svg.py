"""A plot of the page as a file of its own: the page's style sheet is not there to colour it."""

from typing import Final

from sonoloop.report.markup import Markup

_STYLE: Final = (
    "svg{background:#fff}"
    "text{font:11px sans-serif;fill:#52606d}"
    ".chart-title{font-size:13px;font-weight:600;fill:#1c2733}"
    ".value{font-weight:600;fill:#1c2733}"
    "line,polyline{fill:none;stroke:#d5dce3}"
    ".grid{stroke:#eef1f4}.axis{stroke:#5f6c7a}"
    ".target{stroke:#1c2733;stroke-dasharray:3 3}"
    ".bar{stroke-width:2}.curve{stroke-width:1.8;stroke-linejoin:round}"
    ".bar.synthetic,.curve.synthetic{stroke:#1f6fc0}.mark.synthetic{fill:#1f6fc0}"
    ".bar.reconstructed,.curve.reconstructed{stroke:#8a4fb0}.mark.reconstructed{fill:#8a4fb0}"
    ".bar.reference,.curve.reference{stroke:#5f6c7a}.mark.reference{fill:#5f6c7a}"
    ".bar.paper,.curve.paper{stroke:#b45309}.mark.paper{fill:#b45309}"
)
"""The light colours of ``page.css``."""

_SCALE: Final = 2
_MARGIN: Final = 12


def standalone(plot: Markup) -> str:
    """Write a plot as an SVG document with its own style.

    Args:
        plot: An <svg> element whose box begins at 0 0, as ``interval_plot`` and ``gain_plot``
            return it.

    Returns:
        The document, twice as large as the box, with a margin.
    """
    head, _, rest = plot.partition(">")
    width, height = map(int, head.partition('viewBox="0 0 ')[2].partition('"')[0].split())
    width, height = width + 2 * _MARGIN, height + 2 * _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-_MARGIN} {-_MARGIN} {width} {height}" '
        f'width="{_SCALE * width}" height="{_SCALE * height}" role="img">'
        f"<style>{_STYLE}</style>{rest}\n"
    )
