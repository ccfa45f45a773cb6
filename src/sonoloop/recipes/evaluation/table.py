"""The table of an evaluation on the console."""

from typing import Final

from rich.console import Console
from rich.table import Table

from sonoloop.report.records import EvaluationRecord, PrivacyRecord, Role, ValueRecord

COLUMNS: Final[dict[Role, str]] = {
    "synthetic": "synthetic",
    "reconstructed": "reconstructed",
    "same-videos": "same videos, later",
    "other-patients": "other patients",
    "still-repeated": "still repeated",
}


def print_table(record: EvaluationRecord, console: Console) -> None:
    """Print every metric with its references, then warnings and notes.

    Args:
        record: What was found.
        console: Where to print.
    """
    roles = {value.role for metric in record.metrics for value in metric.values}
    shown = [role for role in COLUMNS if role in roles]
    table = Table(title=f"{record.title}: n = {record.real.num_clips} real clips")
    table.add_column("metric")
    for role in shown:
        table.add_column(COLUMNS[role], justify="right")
    for metric in record.metrics:
        values = {value.role: value for value in metric.values}
        better = {"lower": "lower", "higher": "higher", "one": "1", "zero": "0"}[metric.better]
        cells = [_cell(values.get(role)) for role in shown]
        table.add_row(f"{metric.name} ({better} is better)", *cells)
    console.print(table)
    sentences: list[str] = []
    if record.privacy is not None:
        console.print(_privacy_sentence(record.privacy), highlight=False, soft_wrap=True)
        sentences += record.privacy.notes
    sentences += [f"{m.name}: {warning}" for m in record.metrics for warning in m.warnings]
    for kind, clips in (("real", record.real), ("synthetic", record.synthetic)):
        if clips.failures:
            sentences.append(f"{len(clips.failures)} {kind} files could not be used:")
        sentences += [f"{name}: {reason}" for name, reason in clips.failures]
    for sentence in (*sentences, *record.notes):
        console.print(f"- {sentence}", highlight=False, markup=False, soft_wrap=True)


def _privacy_sentence(privacy: PrivacyRecord) -> str:
    attack = ""
    if privacy.attack_auroc is not None:
        attack = (
            f"; membership attack AUROC {privacy.attack_auroc:.2f} "
            f"({privacy.attack_low:.2f} to {privacy.attack_high:.2f}), 0.5 is chance"
        )
    return (
        f"privacy: {privacy.share_above:.1%} of {privacy.num_clips} synthetic clips are nearer to "
        f"a training clip than 95 % of training clips are to held-out ones{attack}"
    )


def _cell(value: ValueRecord | None) -> str:
    if value is None:
        return ""
    if value.low is None or value.high is None:
        return f"{value.value:.4g}"
    return f"{value.value:.4g} [{value.low:.4g}, {value.high:.4g}]"
