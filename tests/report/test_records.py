"""The record of an evaluation, to disk and back."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from sonoloop.checksums import write_summed
from sonoloop.errors import UsageError
from sonoloop.report.records import (
    RECORD_FILE,
    ClipSetRecord,
    EvaluationRecord,
    MetricRecord,
    ValueRecord,
    read_record,
    record_json,
)


def small_record() -> EvaluationRecord:
    """Return a record of one metric."""
    clips = ClipSetRecord(path="clips", num_clips=3, num_groups=2, num_frames=16, height=8, width=9)
    value = ValueRecord(role="synthetic", value=1.5, num_clips=3, num_reference_clips=3)
    return EvaluationRecord(
        title="test",
        created="2026-01-01T00:00:00Z",
        software="sonoloop",
        settings={"seed": 0},
        real=clips,
        synthetic=clips,
        metrics=(MetricRecord(id="energy", name="Energy", better="one", values=(value,)),),
    )


def test_record_survives_the_disk(tmp_path: Path) -> None:
    """Every field, tuples and None included."""
    (tmp_path / RECORD_FILE).write_text(record_json(small_record()))
    assert read_record(tmp_path) == small_record()


def test_unknown_key_is_refused() -> None:
    """A typing error in a key is no silent loss."""
    with pytest.raises(ValidationError, match="colour"):
        ClipSetRecord.model_validate({**small_record().real.model_dump(), "colour": 1})


def test_unreadable_record_is_refused(tmp_path: Path) -> None:
    """No file, no JSON, another version: one sentence each."""
    with pytest.raises(UsageError, match="give the --out of 'sonoloop evaluate'"):
        read_record(tmp_path)
    (tmp_path / RECORD_FILE).write_text("{")
    with pytest.raises(UsageError, match="no valid evaluation record"):
        read_record(tmp_path)
    (tmp_path / RECORD_FILE).write_text(
        record_json(small_record()).replace('"format_version": 1', '"format_version": 2')
    )
    with pytest.raises(UsageError, match="format_version"):
        read_record(tmp_path)


def test_a_record_that_differs_from_its_checksum_is_refused(tmp_path: Path) -> None:
    """A digit may change, and it would still be a record."""
    write_summed(tmp_path, {RECORD_FILE: record_json(small_record()).encode()})
    assert read_record(tmp_path) == small_record()
    path = tmp_path / RECORD_FILE
    path.write_text(path.read_text().replace("1.5", "1.4"))
    with pytest.raises(UsageError, match=f"{RECORD_FILE} differs from its checksum in SHA256SUMS"):
        read_record(tmp_path)
