"""A study as Markdown."""

import csv
import io

from sonoloop.report.study_record import StudyRecord
from sonoloop.report.study_table import (
    arms_table,
    learning_curve,
    paper_csv,
    paper_layout,
    study_page,
)


def test_layout_of_table_2(study_record: StudyRecord) -> None:
    """Ratios side by side, the paper's figure where its place is certain; no empty rows."""
    assert list(paper_layout(study_record.results)) == [
        "| classifier | trained on | 7:3 | 5:5 |",
        "| --- | --- | --- | --- |",
        "| c3d | real | 60.00 / 65.00 [70.96 / 73.21] | 60.00 / 65.00 [64.85 / 68.81] |",
        "| c3d | real + LDDM | 60.00 / 65.00 | 60.00 / 65.00 |",
    ]


def test_a_line_for_each_arm(study_record: StudyRecord) -> None:
    """With the gain over (b) where it is known."""
    lines = list(arms_table(study_record.results[0]))
    assert lines[2].startswith("| a | trained on a | 0.70 [0.60, 0.80] |  | 0.60 | 0.65 |")
    assert "+0.03 [-0.02, +0.08]" in lines[4]


def test_learning_curve_goes_from_few_to_many_videos(study_record: StudyRecord) -> None:
    """Gains of LDDM and of true videos beside one another."""
    rows = list(learning_curve(study_record.results))[2:]
    assert [row.split(" | ")[1] for row in rows] == ["50", "70"]
    assert rows[0].endswith("| +0.03 [-0.02, +0.08] | +0.25 [+0.15, +0.35] |")


def test_the_page_holds_what_was_found(study_record: StudyRecord) -> None:
    """Findings, tables, leaks of labels, options; the warning only where there is a leak."""
    page = study_page(study_record)
    assert "taken for it in 80 % by the classifier trained on synthetic, against the still" in page
    assert "real and synthetic clips of benign are told apart with AUROC 0.90" in page
    assert "## Learning curve" in page
    assert "](curve-c3d.svg)" in page
    assert "](auroc-c3d-0.7.svg)" in page
    assert "epochs 20" in page
    assert "LEAKS" not in page
    assert "**LEAKS" in study_page(study_record.model_copy(update={"split": "video"}))


def test_table_2_as_csv_has_the_papers_figures_where_they_are_known(
    study_record: StudyRecord,
) -> None:
    """70.96 / 73.21: LDDM paper, Table 2, C3D at 7:3 on real videos."""
    rows = list(csv.DictReader(io.StringIO(paper_csv(study_record))))
    assert [(row["ratio"], row["trained_on"]) for row in rows] == [
        ("0.7", "real"), ("0.7", "real + LDDM"), ("0.5", "real"), ("0.5", "real + LDDM"),
    ]  # fmt: skip
    assert (rows[0]["f1"], rows[0]["paper_f1"], rows[0]["paper_accuracy"]) == (
        "60.00", "70.96", "73.21",
    )  # fmt: skip
    assert (rows[1]["paper_f1"], rows[1]["split"]) == ("", "patient")
