"""An audit's numbers as records, and as a table on the terminal."""

from typing import Final, TypedDict

from rich.console import Console
from rich.table import Table

from sonoloop.classification.probe_arms import ProbedViews
from sonoloop.classification.statistics import Interval
from sonoloop.report.audit_record import (
    VIEWS,
    AuditRecord,
    DifferenceRecord,
    IntervalRecord,
    ProbeRecord,
    ViewName,
)
from sonoloop.report.audit_sentences import plain, signed

COLUMN: Final = "column "
"""Before the name of a column of the metadata, where probes go by name."""

COMPARED: Final[tuple[tuple[ViewName, ViewName], ...]] = (
    ("video", "stills"),
    ("video", "still"),
    ("stills", "still"),
    ("video", "shuffled"),
    ("video", "metadata"),
    ("video", "energy"),
)
"""Differences that are given with an interval."""


class ProbedRecords(TypedDict):
    """The parts of an audit's record that probes give."""

    probes: tuple[ProbeRecord, ...]
    columns: tuple[ProbeRecord, ...]
    differences: tuple[DifferenceRecord, ...]
    findings: tuple[str, ...]


def probed_records(found: ProbedViews) -> ProbedRecords:
    """Turn what probes reached into records.

    Args:
        found: Of the views by their names, and of columns with ``COLUMN`` before theirs.

    Returns:
        Without findings, which are read from the rest.
    """
    names = list(found.auroc.estimates)
    columns = [_probe(found, name) for name in names if name.startswith(COLUMN)]
    return {
        "probes": tuple(_probe(found, view) for view in VIEWS if view in names),
        "columns": tuple(sorted(columns, key=lambda one: -one.auroc.estimate)),
        "differences": tuple(
            DifferenceRecord(
                view=view,
                other=other,
                difference=_interval(found.auroc.difference(view, other)),
            )
            for view, other in COMPARED
            if view in names and other in names
        ),
        "findings": (),
    }


def print_audit(record: AuditRecord, console: Console) -> None:
    """Print the views, the differences, what follows and what was left out.

    Args:
        record: What was found.
        console: Where to print.
    """
    counts = ", ".join(
        f"{name} {count} of {record.groups_of_class[name]} patients"
        for name, count in record.clips_of_class.items()
    )
    title = f"{record.label}: {record.num_clips} videos, {record.num_groups} patients ({counts})"
    table = Table(title=title, title_justify="left")
    table.add_column("what a probe sees")
    for name in ("AUROC, out of fold", "accuracy", "balanced"):
        table.add_column(name, justify="right")
    names = {str(view): name for view, name in VIEWS.items()}
    for probe in record.probes:
        accuracies = f"{probe.accuracy:.2f}", f"{probe.balanced_accuracy:.2f}"
        table.add_row(names[probe.view], plain(probe.auroc), *accuracies)
    console.print(table)
    lines = [
        f"{VIEWS[one.view]} minus {VIEWS[one.other]}: {signed(one.difference)}"
        for one in record.differences
    ]
    lines += [f"- {sentence}" for sentence in (*record.findings, *record.notes)]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _probe(found: ProbedViews, name: str) -> ProbeRecord:
    return ProbeRecord(
        view=name.removeprefix(COLUMN),
        auroc=_interval(found.auroc.interval(name)),
        accuracy=found.accuracy[name],
        balanced_accuracy=found.balanced_accuracy[name],
    )


def _interval(value: Interval) -> IntervalRecord:
    return IntervalRecord(
        estimate=value.estimate, low=value.low, high=value.high, p_value=value.p_value
    )
