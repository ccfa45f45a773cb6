"""One evaluation on the page: results, loops, cases, privacy, settings."""

from collections.abc import Iterator

from sonoloop.report.evaluation_folder import EvaluationFolder
from sonoloop.report.gallery import cases, gallery
from sonoloop.report.markup import Markup, element
from sonoloop.report.privacy_section import privacy_section
from sonoloop.report.records import ClipSetRecord, EvaluationRecord
from sonoloop.report.results_table import results
from sonoloop.report.tables import bullets, fold, scrolling_table, settings_table
from sonoloop.report.words import counted


def evaluation_section(evaluation: EvaluationFolder, anchor: str) -> Markup:
    """Show all of an evaluation.

    Args:
        evaluation: Record and loops.
        anchor: Id that links lead to.
    """
    record, files = evaluation.record, evaluation.media
    parts: list[Markup | None] = [
        element("h2", record.title),
        element("p", f"evaluated {record.created} with {record.software}", class_="quiet"),
        bullets(record.notes),
        element("h3", "Results"),
        results(record),
    ]
    if record.loops:
        parts += [element("h3", "Loops"), gallery(record.loops, files)]
    if record.cases:
        parts += [
            element("h3", "Best and worst cases"),
            cases(record.cases, record.loops, record.metrics, files),
        ]
    parts += [element("h3", "Privacy"), privacy_section(record.privacy, files)]
    parts += [element("h3", "Clips and settings"), _clip_sets(record)]
    parts += [
        _failures("real", record.real),
        _failures("synthetic", record.synthetic),
        fold("Every setting", settings_table(f"Settings of {record.title}", record.settings)),
    ]
    return element("section", *parts, id=anchor)


def evaluation_warnings(evaluation: EvaluationFolder) -> Iterator[str]:
    """Yield what a reader must know before trusting a value."""
    record = evaluation.record
    for metric in record.metrics:
        for warning in metric.warnings:
            yield f"{metric.name}: {warning}"
        if not metric.values:
            yield f"{metric.name}: no value"
    for role, clips in (("real", record.real), ("synthetic", record.synthetic)):
        if clips.failures:
            unused = counted(len(clips.failures), "file")
            yield f"{unused} of the {role} clips could not be used, listed below"
    for media in evaluation.media.values():
        if media.problem:
            yield f"loop {media.problem}"


def _clip_sets(record: EvaluationRecord) -> Markup:
    rows = [_clip_row("real", record.real), _clip_row("synthetic", record.synthetic)]
    heads = ["set", "read from", "clips", "groups", "frames", "size", "rate", "notes"]
    return scrolling_table(f"Clips of {record.title}", heads, rows)


def _clip_row(role: str, clips: ClipSetRecord) -> list[object]:
    rate = "unknown" if clips.frame_rate_hz is None else f"{clips.frame_rate_hz:.4g} Hz"
    return [
        role,
        element("code", clips.path),
        clips.num_clips,
        clips.num_groups,
        clips.num_frames,
        f"{clips.width} x {clips.height}",
        rate,
        "; ".join(clips.notes) or "none",
    ]


def _failures(role: str, clips: ClipSetRecord) -> Markup | None:
    if not clips.failures:
        return None
    rows = [[element("code", name), reason] for name, reason in clips.failures]
    table = scrolling_table(f"Unusable {role} files", ["file", "reason"], rows)
    return fold(f"{counted(len(rows), 'file')} of the {role} clips could not be used", table)
