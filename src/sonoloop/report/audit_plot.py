"""The figures of an audit with their intervals, one below the other, as a picture."""

import io
from typing import Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sonoloop.report.audit_record import VIEWS, AuditRecord

NET: Final = "#2c6e9b"
NO_NET: Final = "#b5651d"
"""Colours of views that pass the net, and of those that do not."""

WITHOUT_NET: Final = frozenset({"metadata", "energy"})
GUESSING: Final = 0.5
DOTS_PER_INCH: Final = 150


def audit_plot(record: AuditRecord) -> bytes:
    """Draw the AUROC of each view with its 95 % interval.

    Args:
        record: The numbers.

    Returns:
        A PNG.
    """
    figure = Figure(figsize=(6.4, 0.9 + 0.42 * len(record.probes)), layout="constrained")
    axes = figure.add_subplot()
    names = {str(view): name for view, name in VIEWS.items()}
    for row, probe in enumerate(record.probes):
        colour = NO_NET if probe.view in WITHOUT_NET else NET
        value = probe.auroc
        axes.plot([value.low, value.high], [row, row], color=colour, linewidth=2.5)
        axes.plot([value.estimate], [row], "o", color=colour, markersize=7)
        axes.annotate(
            f"{value.estimate:.2f}", (value.estimate, row), (0, 6), textcoords="offset points",
            ha="center", fontsize=8,
        )  # fmt: skip
    axes.axvline(GUESSING, color="0.5", linestyle=":", linewidth=1)
    axes.set_yticks(range(len(record.probes)), [names[probe.view] for probe in record.probes])
    axes.set_ylim(len(record.probes) - 0.5, -0.7)
    lowest = min(probe.auroc.low for probe in record.probes)
    axes.set_xlim(min(0.4, lowest - 0.02), 1.0)
    axes.set_xlabel("AUROC, out of fold by patient, 95 % interval (dotted: guessing)")
    classes = " / ".join(record.classes)
    title = f"{record.label} ({classes}): {record.num_clips} videos, {record.num_groups} patients"
    axes.set_title(title, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    FigureCanvasAgg(figure)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DOTS_PER_INCH)
    return content.getvalue()
