"""The paper beside ours."""

import re
from math import nan
from pathlib import Path

import pytest

from sonoloop.report.records import EvaluationRecord, MetricRecord, ValueRecord, read_record
from sonoloop.report.results_table import comparison, results


@pytest.fixture
def record(evaluation_path: Path) -> EvaluationRecord:
    """Read the record of phantoms."""
    return read_record(evaluation_path)


def cells_of(page: str, metric_id: str) -> list[str]:
    """Return the text of a metric's row."""
    row = next(row for row in re.findall(r"<tr>.*?</tr>", page) if metric_id in row)
    return [re.sub(r"<[^>]*>", " ", cell).strip() for cell in re.findall(r"<td>.*?</td>", row)]


def test_row_has_ours_the_paper_and_the_references(record: EvaluationRecord) -> None:
    """Value, interval and n of each set; the paper's figures as printed."""
    fvd = cells_of(results(record), "fvd-i3d-k400-bilinear")
    assert [cell.split()[0] for cell in fvd] == [
        "143.7",
        "58.98",
        "53.82",
        "96.2",
        "41.8",
        "118.4",
        "1313",
    ]
    assert re.sub(r"\s+", " ", fvd[0]) == "143.7 [122.2, 165.2] n 60 : 60"


def test_what_is_missing_is_a_dash(record: EvaluationRecord) -> None:
    """No figure in the paper, no value of a reference; the page says which it lacks."""
    page = results(record)
    assert cells_of(page, "motion-energy")[1:3] == ["-", "-"]
    assert "The paper has no figure for: Motion energy." in page
    assert "arXiv:2503.14966" in page
    assert "without n, interval and feature network" in page


def test_metric_can_be_computed_again(record: EvaluationRecord) -> None:
    """Network, checksum and resize kernel are on the page."""
    page = results(record)
    for part in ("I3D, Kinetics-400", "ab" * 32, "bilinear to 224 x 224"):
        assert part in page


def test_comparison_has_a_column_for_each_evaluation(
    record: EvaluationRecord, other_evaluation_path: Path
) -> None:
    """A metric that one of them lacks is a dash there."""
    other = read_record(other_evaluation_path)
    page = comparison([record, other])
    assert [cell.split()[0] for cell in cells_of(page, "fvd-i3d-k400-bilinear")] == [
        "143.7",
        "163.7",
        "58.98",
        "53.82",
    ]
    lacking = other.model_copy(update={"metrics": other.metrics[1:]})
    assert cells_of(comparison([record, lacking]), "fvd-i3d-k400-bilinear")[1] == "-"


def test_value_that_is_no_number_is_told(record: EvaluationRecord) -> None:
    """And leaves no hole in a plot."""
    broken = ValueRecord(role="synthetic", value=nan, num_clips=1, num_reference_clips=0)
    metric = MetricRecord(id="fvd", name="FVD", better="lower", values=(broken,))
    page = results(record.model_copy(update={"metrics": (metric,)}))
    assert "not a number" in page
    assert "nan" not in page
