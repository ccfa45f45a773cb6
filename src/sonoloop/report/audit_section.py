"""An audit on the page: what follows, the views with their intervals, the metadata."""

from collections.abc import Iterator

from sonoloop.report.audit_record import VIEWS, AuditRecord, IntervalRecord, ProbeRecord
from sonoloop.report.audit_sentences import plain, signed
from sonoloop.report.interval_plot import IntervalRow, interval_plot
from sonoloop.report.markup import Markup, element
from sonoloop.report.tables import bullets, fold, scrolling_table, settings_table

CHANCE = 0.5
COLUMN_HEADS = ("AUROC", "accuracy", "balanced accuracy")


def audit_section(record: AuditRecord, anchor: str) -> Markup:
    """Show all of an audit.

    Args:
        record: What was found.
        anchor: Id that links lead to.
    """
    title = audit_title(record)
    names = {str(view): name for view, name in VIEWS.items()}
    shown = [(names.get(probe.view, probe.view), probe.auroc) for probe in record.probes]
    rows = [_row(name.removesuffix(" alone"), auroc) for name, auroc in shown]
    differences = [
        [f"{names[one.view]} - {names[one.other]}", signed(one.difference)]
        for one in record.differences
    ]
    plot = interval_plot(
        "AUROC out of fold", "95 % interval over patients, dashed: guessing", rows, target=CHANCE
    )
    return element(
        "section",
        element("h2", title),
        element("p", f"audited {record.created} with {record.software}", class_="quiet"),
        element("h3", "What follows"),
        bullets(record.findings),
        element("h3", "What each view tells"),
        element("p", _amounts(record)),
        element("div", plot, class_="charts"),
        scrolling_table(
            f"Views: {title}",
            ["view", *COLUMN_HEADS],
            [_figures(one, names) for one in record.probes],
        ),
        scrolling_table(f"Differences: {title}", ["AUROC of", "difference"], differences),
        fold(
            "Each column of the metadata alone",
            scrolling_table(
                f"Metadata: {title}",
                ["column", *COLUMN_HEADS],
                [_figures(one, {}) for one in record.columns],
            ),
        )
        if record.columns
        else None,
        fold("Every setting", settings_table(f"Settings: {title}", _settings(record))),
        id=anchor,
    )


def audit_title(record: AuditRecord) -> str:
    """Name an audit by label and dataset."""
    return f"What the labels can show: {record.label} of {record.dataset}"


def audit_warnings(record: AuditRecord) -> Iterator[str]:
    """Yield what is peculiar about the data."""
    yield from record.notes


def _row(name: str, auroc: IntervalRecord) -> IntervalRow:
    estimate, low, high = (round(one, 3) for one in (auroc.estimate, auroc.low, auroc.high))
    return IntervalRow(name, estimate, low, high, "reference")


def _figures(probe: ProbeRecord, names: dict[str, str]) -> list[object]:
    return [
        names.get(probe.view, probe.view),
        plain(probe.auroc),
        f"{probe.accuracy:.2f}",
        f"{probe.balanced_accuracy:.2f}",
    ]


def _amounts(record: AuditRecord) -> str:
    classes = ", ".join(
        f"{name}: {record.clips_of_class[name]} of {record.groups_of_class[name]} patients"
        for name in record.classes
    )
    return f"{record.num_clips} videos of {record.num_groups} patients ({classes})."


def _settings(record: AuditRecord) -> dict[str, object]:
    names = ("folds", "repeats", "seed", "num_draws", "net", "net_sha256", "num_components")
    return {name: getattr(record, name) for name in names}
