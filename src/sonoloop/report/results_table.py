"""The paper's Table 1 beside ours, with what the references score and what each value rests on."""

from collections.abc import Iterable, Sequence

from sonoloop.report.interval_plot import IntervalRow, Kind, interval_plot
from sonoloop.report.markup import Markup, element, join
from sonoloop.report.paper_table import FIGURES, SILENCE, SOURCE, paper_figure
from sonoloop.report.records import EvaluationRecord, MetricRecord, Role, ValueRecord
from sonoloop.report.tables import fold, scrolling_table
from sonoloop.report.words import BETTER, ROLES, SHORT_ROLES, TARGET, interval, number

_NOTHING = "-"
_READING = (
    "In brackets the 95 % interval, below it n: clips of the set, and after the colon the clips "
    "it was compared with."
)


def results(record: EvaluationRecord) -> Markup:
    """Show all metrics of an evaluation: table, plots, and how each was computed."""
    roles = [role for role in ROLES if any(_of_role(metric, role) for metric in record.metrics)]
    ours = [role for role in roles if role == "synthetic"]  # first, to be seen on a phone
    others = [role for role in roles if role != "synthetic"]
    heads = ["metric", *_named(ours), *_paper_heads(), *_named(others)]
    rows = [
        [
            _metric_head(metric),
            *(_cell(metric, role) for role in ours),
            *_paper_cells(metric),
            *(_cell(metric, role) for role in others),
        ]
        for metric in record.metrics
    ]
    plots = [
        _plot(metric, [*_paper_rows(metric), *_role_rows(metric)]) for metric in record.metrics
    ]
    return join(
        [
            element("p", _READING, class_="quiet"),
            scrolling_table(f"Results of {record.title}", heads, rows, class_="results"),
            _paper_note(record.metrics),
            element("div", *plots, class_="charts"),
            fold("How each metric was computed", _protocols(record.metrics)),
        ]
    )


def comparison(records: Sequence[EvaluationRecord]) -> Markup:
    """Show the synthetic clips of several evaluations beside each other and the paper."""
    metrics: dict[str, MetricRecord] = {}
    for record in records:
        for metric in record.metrics:
            metrics.setdefault(metric.id, metric)
    heads = ["metric", *(record.title for record in records), *_paper_heads()]
    rows, plots = [], []
    for metric_id, metric in metrics.items():
        ours = [
            next((other for other in record.metrics if other.id == metric_id), None)
            for record in records
        ]
        cells = [_cell(one, "synthetic") if one else Markup(_NOTHING) for one in ours]
        rows.append([_metric_head(metric), *cells, *_paper_cells(metric)])
        drawn = [
            IntervalRow(record.title, value.value, value.low, value.high, "synthetic")
            for record, one in zip(records, ours, strict=True)
            if one
            for value in _of_role(one, "synthetic")
        ]
        plots.append(_plot(metric, [*_paper_rows(metric), *drawn]))
    return join(
        [
            element("p", "Synthetic clips only. ", _READING, class_="quiet"),
            scrolling_table("Synthetic clips of all evaluations", heads, rows, class_="results"),
            element("div", *plots, class_="charts"),
        ]
    )


def _plot(metric: MetricRecord, rows: Sequence[IntervalRow]) -> Markup:
    better = metric.better
    return interval_plot(metric.name, BETTER[better], rows, target=TARGET.get(better))


def _paper_heads() -> list[str]:
    return [f"{method}, paper" for method in FIGURES]


def _named(roles: Iterable[Role]) -> list[str]:
    return [ROLES[role] for role in roles]


def _metric_head(metric: MetricRecord) -> Markup:
    return join(
        [
            element("span", metric.name, class_="name"),
            element("span", BETTER[metric.better], class_="small"),
            element("code", metric.id, class_="small"),
        ]
    )


def _paper_cells(metric: MetricRecord) -> list[Markup]:
    figures = (paper_figure(method, metric.id) for method in FIGURES)
    return [element("span", figure or _NOTHING, class_="paper-figure") for figure in figures]


def _cell(metric: MetricRecord, role: Role) -> Markup:
    return join(map(_value, _of_role(metric, role))) or Markup(_NOTHING)


def _value(value: ValueRecord) -> Markup:
    n = f"n {value.num_clips}"
    if value.num_reference_clips:
        n += f" : {value.num_reference_clips}"
    bracket = interval(value.low, value.high) or "no interval"
    return join(
        [
            element("span", number(value.value), class_="value"),
            element("span", bracket, class_="small"),
            element("span", n, class_="small"),
        ]
    )


def _of_role(metric: MetricRecord, role: Role) -> list[ValueRecord]:
    return [value for value in metric.values if value.role == role]


def _paper_rows(metric: MetricRecord) -> list[IntervalRow]:
    figures = {method: paper_figure(method, metric.id) for method in FIGURES}
    return [
        IntervalRow(f"{method}, paper", float(figure), None, None, "paper")
        for method, figure in figures.items()
        if figure is not None
    ]


def _role_rows(metric: MetricRecord) -> list[IntervalRow]:
    kinds: dict[Role, Kind] = {"synthetic": "synthetic", "reconstructed": "reconstructed"}
    return [
        IntervalRow(
            SHORT_ROLES[role], value.value, value.low, value.high, kinds.get(role, "reference")
        )
        for role in ROLES
        for value in _of_role(metric, role)
    ]


def _paper_note(metrics: Iterable[MetricRecord]) -> Markup:
    without = [
        metric.name
        for metric in metrics
        if not any(paper_figure(method, metric.id) for method in FIGURES)
    ]
    sentences = [f"Figures of the paper: {SOURCE}. {SILENCE}"]
    if without:
        sentences.append(f"The paper has no figure for: {', '.join(without)}.")
    return element("p", " ".join(sentences), class_="quiet")


def _protocols(metrics: Iterable[MetricRecord]) -> Markup:
    rows = [
        [
            element("code", metric.id),
            metric.net or "none",
            element("code", metric.net_sha256 or _NOTHING, class_="hash"),
            metric.resize or "none",
            metric.frames,
            metric.seed,
        ]
        for metric in metrics
    ]
    heads = ["metric", "feature network", "its SHA-256", "resizing", "frames", "seed"]
    return scrolling_table("How each metric was computed", heads, rows)
