"""Table 1 of the paper, the figures that ours stand beside."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from sonoloop.report.records import EvaluationRecord, MetricRecord, ValueRecord
from sonoloop.report.words import interval, number

SOURCE: Final = (
    "Table 1 of Ultrasound Image-to-Video Synthesis via Latent Dynamic Diffusion Models "
    "(LDDM, MICCAI 2024, arXiv:2503.14966), on the BUSV videos"
)

FIGURES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "cINN": MappingProxyType({"fvd": "58.98", "dtfvd": "0.62", "lpips": "0.33", "div": "2.23"}),
        "LDDM": MappingProxyType({"fvd": "53.82", "dtfvd": "0.58", "lpips": "0.32", "div": "1.07"}),
    }
)
"""Method -> family of metrics -> the value as printed."""

SILENCE: Final = (
    "Its figures stand here without n, interval and feature network, because none is on record "
    "for them, nor which variant of DIV was computed. They compare with ours only on the same "
    "videos, split and protocol."
)


def paper_figure(method: str, metric_id: str) -> str | None:
    """Find the paper's figure for a metric of ours.

    Args:
        method: A key of ``FIGURES``.
        metric_id: Id of our metric; the part before the first ``-`` names its family.

    Returns:
        The figure as printed, or None where the paper has none.
    """
    return FIGURES[method].get(metric_id.partition("-")[0].casefold())


class Cell(NamedTuple):
    """One figure of the table: the paper's and ours.

    Args:
        method: A key of ``FIGURES``.
        family: A metric of the paper, such as "fvd".
        metric_id: Which variant was measured; "" where none was.
        value: What was measured; None where nothing was.
    """

    method: str
    family: str
    metric_id: str
    value: ValueRecord | None

    @property
    def paper(self) -> str:
        """The figure as printed."""
        return FIGURES[self.method][self.family]

    @property
    def measured(self) -> str:
        """Ours in words, with interval and number of clips."""
        if self.value is None:
            return "not measured"
        bracket = interval(self.value.low, self.value.high)
        n = self.value.num_clips
        return " ".join(filter(None, (number(self.value.value), bracket, f"n {n}")))


def table_1(records: Mapping[str, EvaluationRecord]) -> list[Cell]:
    """Set measured figures beside the paper's, every variant of a metric in a row of its own.

    Args:
        records: Evaluation of each method, a key of ``FIGURES``, as far as there is one.

    Returns:
        Cells, metric by metric; all methods have the same rows.
    """
    cells = []
    for family in next(iter(FIGURES.values())):
        variants = dict.fromkeys(
            metric.id for record in records.values() for metric in _of_family(record, family)
        )
        for metric_id in variants or ("",):
            for method in FIGURES:
                record = records.get(method)
                found = _of_family(record, family) if record else []
                value = next((_synthetic(one) for one in found if one.id == metric_id), None)
                cells.append(Cell(method, family, metric_id, value))
    return cells


def table_1_markdown(cells: Sequence[Cell]) -> Iterator[str]:
    """Write the table, a row per metric, the methods side by side.

    Args:
        cells: As ``table_1`` returns them.
    """
    heads = [f"{method}, {whose}" for method in FIGURES for whose in ("paper", "measured")]
    yield f"| metric | {' | '.join(heads)} |"
    yield f"| {' | '.join(['---'] * (1 + len(heads)))} |"
    for start in range(0, len(cells), len(FIGURES)):
        row = cells[start : start + len(FIGURES)]
        name = row[0].family.upper() + (f" ({row[0].metric_id})" if row[0].metric_id else "")
        yield f"| {name} | {' | '.join(f'{one.paper} | {one.measured}' for one in row)} |"


def table_1_csv(cells: Sequence[Cell]) -> str:
    """Write a line for each figure.

    Args:
        cells: As ``table_1`` returns them.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("metric", "variant", "method", "paper", "measured", "low", "high", "clips"))
    for one in cells:
        value = one.value
        numbers = (value.value, value.low, value.high, value.num_clips) if value else ("",) * 4
        writer.writerow((one.family, one.metric_id, one.method, one.paper, *numbers))
    return text.getvalue()


def _of_family(record: EvaluationRecord, family: str) -> list[MetricRecord]:
    return [one for one in record.metrics if one.id.partition("-")[0].casefold() == family]


def _synthetic(metric: MetricRecord) -> ValueRecord | None:
    return next((value for value in metric.values if value.role == "synthetic"), None)
