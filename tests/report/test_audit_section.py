"""An audit on the page."""

import re
from collections.abc import Callable

from sonoloop.report.audit_record import AuditRecord
from sonoloop.report.audit_section import audit_section, audit_title, audit_warnings


def test_findings_views_and_metadata_are_shown(make_audit: Callable[..., AuditRecord]) -> None:
    """Every view in plot and table, differences, and the columns of the metadata."""
    record = make_audit(metadata=0.7).model_copy(update={"findings": ("motion matters",)})
    section = audit_section(record, "here")
    said = re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", section))
    assert "What follows motion matters" in said
    assert section.count("<svg") == 1
    assert "bag of stills 0.6, 95 % interval 0.54 to 0.66" in section
    assert "video 0.80 [0.74, 0.86] 0.73 0.70" in said
    assert "video - bag of stills +0.20 [+0.14, +0.26]" in said
    assert "source 0.70 [0.64, 0.76]" in said
    assert "291 videos of 51 patients (no: 146 of 40 patients, yes: 145 of 42 patients)" in said
    assert audit_title(record) == "What the labels can show: b_lines of lungs"


def test_videos_left_out_are_a_warning(make_audit: Callable[..., AuditRecord]) -> None:
    """As the record says."""
    assert list(audit_warnings(make_audit())) == [
        "2 of 293 videos have no b_lines and were left out"
    ]


def test_no_metadata_is_no_table(make_audit: Callable[..., AuditRecord]) -> None:
    """All videos have the same."""
    record = make_audit().model_copy(update={"columns": ()})
    assert "Each column" not in audit_section(record, "here")
