"""A study's tables and sentences as Markdown: the paper's Table 2, all arms, what follows."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from sonoloop.report.audit_sentences import plain, signed
from sonoloop.report.study_plots import arm_files, curve_file, study_plots
from sonoloop.report.study_record import ResultRecord, StudyRecord
from sonoloop.report.study_sentences import LEAKS

ROWS: Final[tuple[tuple[str, str], ...]] = (
    ("a", "real"),
    ("h-only", "cINN alone"),
    ("h", "real + cINN"),
    ("i-only", "LDDM alone"),
    ("i", "real + LDDM"),
)
"""Arms of the paper's Table 2, in its order."""

PAPER: Final[Mapping[tuple[str, float, str], str]] = MappingProxyType(
    {("c3d", 0.7, "a"): "70.96 / 73.21", ("c3d", 0.5, "a"): "64.85 / 68.81"}
)
"""Cells of Table 2 (LDDM, MICCAI 2024, on BUSV, divided by video) whose place is certain; those of
the two generators are told apart in print by colour only."""

PAPER_NOTE: Final = (
    "F1 / accuracy in %, thresholds chosen on validation. In brackets the paper's figure, where "
    "its place in the printed table is certain. The paper's ratio is that of training to test "
    "videos, ours that of patients who give videos to all training patients."
)


def study_page(record: StudyRecord) -> str:
    """Write a study as Markdown.

    Args:
        record: What was found.
    """
    drawn = study_plots(record)
    models = dict.fromkeys(result.model for result in record.results)
    title = f"# Does synthetic video help? {record.label} of {record.dataset}"
    lines = [title, ""]
    if record.split == "video":
        lines += [f"**{LEAKS}**", ""]
    lines += [f"- {sentence}" for sentence in record.findings]
    if record.notes:
        lines += ["", *(f"- Note: {note}" for note in record.notes)]
    lines += ["", "## As in Table 2 of the paper", "", *paper_layout(record.results), ""]
    lines += [PAPER_NOTE, ""]
    if len(record.results) > 1:
        lines += ["## Learning curve", "", *learning_curve(record.results), ""]
        names = [name for model in models if (name := curve_file(model)) in drawn]
        lines += [*(f"![Gain against real videos]({name})" for name in names), ""]
    for result in record.results:
        lines += [
            f"## {result.model}, ratio {result.ratio:g}",
            "",
            _amounts(result),
            "",
            *arms_table(result),
            "",
            *(f"![{result.model}]({name})" for name in arm_files(result) if name in drawn),
            "",
            *(f"- {note}" for note in (*result.notes, *leak_lines(result))),
            "",
        ]
    settings = ", ".join(f"{name} {value}" for name, value in record.options.items())
    minutes = record.seconds_of_cells / 60
    lines.append(f"{record.num_cells} trainings, {minutes:.0f} minutes in all. {record.software}.")
    lines += ["", f"Options: {settings}."]
    return "\n".join(lines) + "\n"


def paper_layout(results: Sequence[ResultRecord]) -> Iterator[str]:
    """Set results as Table 2: classifiers below one another, ratios side by side.

    Args:
        results: Of all classifiers and ratios.
    """
    heads, rows = paper_cells(results)
    yield from _table_head(heads)
    yield from map(_row, rows)


def paper_cells(results: Sequence[ResultRecord]) -> tuple[list[str], list[list[str]]]:
    """Arrange Table 2.

    Args:
        results: Of all classifiers and ratios.

    Returns:
        Names of the columns, and the rows that are not empty.
    """
    ratios = list(dict.fromkeys(result.ratio for result in results))
    heads = ["classifier", "trained on", *(_odds(ratio) for ratio in ratios)]
    rows = []
    for model in dict.fromkeys(result.model for result in results):
        by_ratio = {one.ratio: one for one in results if one.model == model}
        for arm, name in ROWS:
            cells = [_paper_cell(by_ratio[ratio], arm) for ratio in ratios]
            if any(cells):
                rows.append([model, name, *cells])
    return heads, rows


def paper_csv(record: StudyRecord) -> str:
    """Write Table 2 as a line for each cell, the paper's figures beside ours where they are known.

    Args:
        record: What was found.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            "classifier",
            "ratio",
            "trained_on",
            "f1",
            "accuracy",
            "paper_f1",
            "paper_accuracy",
            "split",
        ]
    )
    for result in record.results:
        for arm, name in ROWS:
            if (found := result.arm(arm)) is not None:
                paper = PAPER.get((result.model, result.ratio, arm), "")
                printed = [one.strip() for one in paper.split("/")] if paper else ["", ""]
                ours = (f"{100 * found.f1:.2f}", f"{100 * found.accuracy:.2f}")
                writer.writerow([result.model, result.ratio, name, *ours, *printed, record.split])
    return text.getvalue()


def arms_table(result: ResultRecord) -> Iterator[str]:
    """Set one line for each arm of a classifier at a ratio.

    Args:
        result: What was found.
    """
    yield from _table_head(
        ["arm", "trained on", "AUROC", "gain over (b)", "F1", "accuracy", "sensitivity",
         "specificity"]
    )  # fmt: skip
    gains = _gains(result)
    for arm in result.arms:
        figures = (arm.f1, arm.accuracy, arm.sensitivity, arm.specificity)
        yield _row(
            [arm.arm, arm.trained_on, plain(arm.auroc), gains.get(arm.arm, ""),
             *(f"{one:.2f}" for one in figures)]
        )  # fmt: skip


def learning_curve(results: Sequence[ResultRecord]) -> Iterator[str]:
    """Set what is gained against the number of real videos.

    Args:
        results: Of all classifiers and ratios.
    """
    yield from _table_head(
        ["classifier", "real videos", "stills", "(b) alone", "gain by LDDM", "gain by true videos"]
    )
    for result in sorted(results, key=lambda one: (one.model, one.real_videos)):
        gains = _gains(result)
        alone = result.arm("b")
        yield _row(
            [
                result.model,
                f"{result.real_videos:.0f}",
                f"{result.stills:.0f}",
                plain(alone.auroc) if alone else "",
                gains.get("i", ""),
                signed(result.headroom) if result.headroom else "",
            ]
        )


def leak_lines(result: ResultRecord) -> Iterator[str]:
    """Say how often classifiers follow the class a generator was asked for.

    Args:
        result: What was found.
    """
    if result.leaks is None:
        return
    for name, share in result.leaks.follows_request.items():
        yield (
            f"held-out stills moved as a class: taken for it in {100 * share:.0f} % by the "
            f"classifier trained on {name}"
        )
    for name, value in result.leaks.real_or_synthetic.items():
        yield f"real and synthetic clips of {name} are told apart with AUROC {value:.2f}"


def _gains(result: ResultRecord) -> dict[str, str]:
    return {arm: signed(gain) for arm, gain in result.gains().items()}


def _amounts(result: ResultRecord) -> str:
    return (
        f"{result.real_videos:.0f} real videos and {result.stills:.0f} stills to train on, "
        f"{result.held_out_videos} held-out videos of {result.patients} patients."
    )


def _paper_cell(result: ResultRecord, name: str) -> str:
    arm = result.arm(name)
    if arm is None:
        return ""
    paper = PAPER.get((result.model, result.ratio, name))
    printed = f"{100 * arm.f1:.2f} / {100 * arm.accuracy:.2f}"
    return f"{printed} [{paper}]" if paper else printed


def _odds(ratio: float) -> str:
    return f"{10 * ratio:g}:{10 * (1 - ratio):g}"


def _table_head(names: Sequence[str]) -> Iterator[str]:
    yield _row(names)
    yield _row(["---"] * len(names))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
