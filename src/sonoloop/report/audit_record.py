"""What an audit found, as ``audit.json`` and ``audit.csv`` hold it."""

import csv
import io
import json
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from sonoloop.report.records import Record, read_stored

AUDIT_FILE: Final = "audit.json"
AUDIT_TABLE: Final = "audit.csv"
AUDIT_PLOT: Final = "audit.png"

ViewName = Literal["still", "stills", "shuffled", "video", "metadata", "energy"]

VIEWS: Final[dict[ViewName, str]] = {
    "still": "one still",
    "stills": "bag of stills",
    "shuffled": "shuffled frames",
    "video": "video",
    "metadata": "metadata alone",
    "energy": "temporal energy alone",
}
"""What tables call each view, in their order."""


class IntervalRecord(Record):
    """An estimate with its 95 % interval over patients."""

    estimate: float
    low: float
    high: float
    p_value: float | None = None
    """Two-sided, of no difference; for differences only, not adjusted for their number."""


class ProbeRecord(Record):
    """What a probe of one view, or of one column of the metadata, reached."""

    view: str
    auroc: IntervalRecord
    accuracy: float = Field(ge=0, le=1)
    balanced_accuracy: float = Field(ge=0, le=1)


class DifferenceRecord(Record):
    """AUROC of one view minus that of another, paired by patient."""

    view: ViewName
    other: ViewName
    difference: IntervalRecord


class AuditRecord(Record):
    """An audit with all that is needed to run it again."""

    format: Literal[1] = 1
    dataset: str
    label: str
    classes: tuple[str, ...]
    """Of two, the last is positive."""
    num_clips: int = Field(ge=0)
    num_groups: int = Field(ge=0)
    """Patients."""
    clips_of_class: dict[str, int]
    groups_of_class: dict[str, int]
    folds: int
    repeats: int
    seed: int
    num_draws: int
    net: str
    net_sha256: str
    num_components: int
    created: str
    software: str
    seconds: float
    probes: tuple[ProbeRecord, ...]
    columns: tuple[ProbeRecord, ...]
    """Each column of the metadata alone, the strongest first."""
    differences: tuple[DifferenceRecord, ...]
    findings: tuple[str, ...]
    """What follows, in words."""
    notes: tuple[str, ...]
    """What was left out or is peculiar."""

    def probe(self, view: ViewName) -> ProbeRecord:
        """Find the probe of a view; all but "metadata" are always there."""
        return next(probe for probe in self.probes if probe.view == view)

    def difference(self, view: ViewName, other: ViewName) -> IntervalRecord:
        """Find a difference."""
        pairs = {(one.view, one.other): one.difference for one in self.differences}
        return pairs[view, other]


def read_audit(folder: Path) -> AuditRecord:
    """Read what ``sonoloop audit`` wrote.

    Args:
        folder: Its --out.

    Raises:
        UsageError: If there is no record, or none of this version.
    """
    return read_stored(folder / AUDIT_FILE, AuditRecord, "audit", "audit")


def audit_json(record: AuditRecord) -> str:
    """Write a record as JSON that people can read too."""
    return json.dumps(record.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def audit_csv(record: AuditRecord) -> str:
    """Write the probes, then each column of the metadata, one a line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["view", "auroc", "low", "high", "accuracy", "balanced_accuracy", "clips", "patients"]
    )
    rows = [(probe.view, probe) for probe in record.probes]
    rows += [(f"metadata: {probe.view}", probe) for probe in record.columns]
    for name, probe in rows:
        numbers = (
            probe.auroc.estimate,
            probe.auroc.low,
            probe.auroc.high,
            probe.accuracy,
            probe.balanced_accuracy,
        )
        writer.writerow(
            [name, *(f"{one:.4f}" for one in numbers), record.num_clips, record.num_groups]
        )
    return text.getvalue()
