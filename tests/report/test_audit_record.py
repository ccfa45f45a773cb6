"""An audit's record and its table."""

import csv
import json
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from sonoloop.report.audit_record import AuditRecord, audit_csv, audit_json


def test_a_record_reads_back_as_it_was(make_audit: Callable[..., AuditRecord]) -> None:
    """All keys are known ones, and what is unknown is refused."""
    record = make_audit()
    stored = json.loads(audit_json(record))
    assert AuditRecord.model_validate(stored) == record
    with pytest.raises(ValidationError, match="Extra inputs"):
        AuditRecord.model_validate(stored | {"colour": "red"})


def test_values_are_found_by_name(make_audit: Callable[..., AuditRecord]) -> None:
    """A view by its name, a difference by both."""
    record = make_audit(video=0.9)
    assert record.probe("video").auroc.estimate == 0.9
    assert record.difference("video", "stills").estimate == pytest.approx(0.3)


def test_the_table_has_a_line_for_each_probe(make_audit: Callable[..., AuditRecord]) -> None:
    """Views first, then columns of the metadata, with the numbers they rest on."""
    rows = list(csv.DictReader(audit_csv(make_audit()).splitlines()))
    assert [row["view"] for row in rows] == [
        "still",
        "stills",
        "shuffled",
        "video",
        "metadata",
        "energy",
        "metadata: source",
        "metadata: fps",
    ]
    assert rows[3] == {
        "view": "video",
        "auroc": "0.8000",
        "low": "0.7400",
        "high": "0.8600",
        "accuracy": "0.7300",
        "balanced_accuracy": "0.7000",
        "clips": "291",
        "patients": "51",
    }
