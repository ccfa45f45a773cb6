"""The paper's figures."""

import csv
import io
from pathlib import Path

import pytest

from sonoloop.report.evaluation_folder import EvaluationFolder
from sonoloop.report.paper_table import (
    FIGURES,
    paper_figure,
    table_1,
    table_1_csv,
    table_1_markdown,
)


@pytest.mark.parametrize(
    ("metric_id", "cinn", "lddm"),
    [
        ("fvd-i3d-k400-bilinear", "58.98", "53.82"),
        ("dtfvd", "0.62", "0.58"),
        ("LPIPS-vgg", "0.33", "0.32"),
        ("div-i3d", "2.23", "1.07"),
        ("kvd-i3d", None, None),
        ("motion-energy", None, None),
    ],
)
def test_figures_are_those_of_table_1(metric_id: str, cinn: str | None, lddm: str | None) -> None:
    """Read off Table 1 of arXiv:2503.14966; a metric that it lacks has none."""
    assert paper_figure("cINN", metric_id) == cinn
    assert paper_figure("LDDM", metric_id) == lddm


def test_methods() -> None:
    """Table 1 compares two."""
    assert list(FIGURES) == ["cINN", "LDDM"]


def test_measured_figures_stand_beside_the_papers(evaluation_path: Path) -> None:
    """Of LDDM alone here, with interval and n; a metric that was not measured says so."""
    cells = table_1({"LDDM": EvaluationFolder.read(evaluation_path).record})
    lines = list(table_1_markdown(cells))
    assert lines[0] == "| metric | cINN, paper | cINN, measured | LDDM, paper | LDDM, measured |"
    assert lines[2] == (
        "| FVD (fvd-i3d-k400-bilinear) | 58.98 | not measured | 53.82 | 143.7 [122.2, 165.2] n 60 |"
    )
    assert "| DTFVD | 0.62 | not measured | 0.58 | not measured |" in lines
    rows = list(csv.DictReader(io.StringIO(table_1_csv(cells))))
    assert [row["method"] for row in rows[:2]] == ["cINN", "LDDM"]
    assert (rows[0]["measured"], rows[1]["measured"], rows[1]["clips"]) == ("", "143.7", "60")
