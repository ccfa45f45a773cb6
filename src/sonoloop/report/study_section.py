"""A study on the page: the answer, the paper's Table 2, every arm, the learning curve, leaks."""

from collections.abc import Iterator, Sequence

from sonoloop.report.audit_sentences import plain, signed
from sonoloop.report.markup import Markup, element
from sonoloop.report.study_plots import arm_plots, learning_plots
from sonoloop.report.study_record import ResultRecord, StudyRecord
from sonoloop.report.study_sentences import LEAKS
from sonoloop.report.study_table import PAPER_NOTE, leak_lines, paper_cells
from sonoloop.report.tables import bullets, fold, scrolling_table, settings_table
from sonoloop.report.words import counted


def study_section(record: StudyRecord, anchor: str) -> Markup:
    """Show all of a study.

    Args:
        record: What was found.
        anchor: Id that links lead to.
    """
    title = study_title(record)
    heads, rows = paper_cells(record.results)
    curves = list(learning_plots(record.results).values())
    minutes = record.seconds_of_cells / 60
    made = f"{record.num_cells} trainings, {minutes:.0f} minutes in all, with {record.software}"
    return element(
        "section",
        element("h2", title),
        element("p", made, class_="quiet"),
        element("h3", "The answer"),
        bullets(record.findings),
        element("h3", "As in Table 2 of the paper"),
        scrolling_table(f"F1 / accuracy: {title}", heads, rows),
        element("p", PAPER_NOTE, class_="quiet"),
        element("h3", "Learning curve") if curves else None,
        element("div", *curves, class_="charts") if curves else None,
        *(_result(result, title) for result in record.results),
        fold("Every setting", settings_table(f"Settings: {title}", record.options)),
        id=anchor,
    )


def study_title(record: StudyRecord) -> str:
    """Name a study by what it is about, and how it divides."""
    return f"Does synthetic video help? {record.label} of {record.dataset}, by {record.split}"


def study_warnings(record: StudyRecord) -> Iterator[str]:
    """Yield what a reader must know before trusting a figure."""
    if record.split == "video":
        yield LEAKS
    yield from record.notes
    for result in record.results:
        where = f"{result.model}, ratio {result.ratio:g}"
        if result.not_trained:
            yield f"{where}: undecidable, {result.stopped or 'trainings are missing'}"
        yield from (f"{where}: {note}" for note in result.notes)


def _result(result: ResultRecord, title: str) -> Markup:
    where = f"{result.model}, ratio {result.ratio:g}"
    leaks = list(leak_lines(result))
    return element(
        "div",
        element("h3", where),
        element("p", _amounts(result)),
        element("div", *arm_plots(result), class_="charts"),
        _arms(result, f"{where}: {title}"),
        _rivals(result, f"{where}: {title}"),
        element("h4", "Whether labels leak") if leaks else None,
        bullets(leaks),
    )


def _arms(result: ResultRecord, caption: str) -> Markup:
    gains = {arm: signed(gain) for arm, gain in result.gains().items()}
    rows: list[Sequence[object]] = [
        [arm.arm, arm.trained_on, plain(arm.auroc), gains.get(arm.arm, ""),
         *(f"{one:.2f}" for one in (arm.f1, arm.accuracy, arm.sensitivity, arm.specificity))]
        for arm in result.arms
    ]  # fmt: skip
    heads = ["arm", "trained on", "AUROC", "gain over (b)", "F1", "accuracy", "sensitivity",
             "specificity"]  # fmt: skip
    return scrolling_table(f"Arms: {caption}", heads, rows)


def _rivals(result: ResultRecord, caption: str) -> Markup | None:
    rows = [
        [f"({one.arm}) - ({one.other})", signed(one.difference), f"{one.adjusted_p:.3f}",
         "yes" if one.is_better else "no"]
        for verdict in result.verdicts
        for one in verdict.against_rivals
    ]  # fmt: skip
    if not rows:
        return None
    heads = ["compared", "difference in AUROC", "p, adjusted", "better"]
    return fold("What the answer rests on", scrolling_table(f"Rivals: {caption}", heads, rows))


def _amounts(result: ResultRecord) -> str:
    return (
        f"{result.real_videos:.0f} real videos and {result.stills:.0f} stills to train on (mean "
        f"over folds), {counted(result.held_out_videos, 'held-out video')} of "
        f"{counted(result.patients, 'patient')}."
    )
