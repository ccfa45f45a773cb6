"""What an evaluation found, as ``evaluation.json`` holds it: every value with what it rests on."""

import json
from pathlib import Path
from typing import Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sonoloop.checksums import SUMS_FILE, damaged_files
from sonoloop.errors import UsageError

RECORD_FILE: Final = "evaluation.json"

Role = Literal["synthetic", "reconstructed", "same-videos", "other-patients", "still-repeated"]
"""Whose value it is. The last three are references: the floor, real clips of other patients, and
what doing nothing scores."""
Better = Literal["lower", "higher", "one", "zero"]
"""Which value is right: the lowest, the highest, nearest to 1 or nearest to 0."""


class Record(BaseModel):
    """Base of what is stored: no unknown keys, nothing changes after it was made."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ClipSetRecord(Record):
    """One folder or dataset that was read."""

    path: str
    """As given on the command line."""
    num_clips: int = Field(ge=0)
    num_groups: int = Field(ge=0)
    """Patients, or clips where no patient is known."""
    num_frames: int = Field(ge=0)
    height: int = Field(ge=0)
    width: int = Field(ge=0)
    frame_rate_hz: float | None = None
    failures: tuple[tuple[str, str], ...] = ()
    """Files that could not be used, with the reason."""
    notes: tuple[str, ...] = ()
    """What was resampled, cut or assumed."""


class ValueRecord(Record):
    """A metric of one set."""

    role: Role
    value: float
    low: float | None = None
    """Lower end of the 95 % interval; None where none can be given."""
    high: float | None = None
    num_clips: int = Field(ge=0)
    """Clips of this set that entered."""
    num_reference_clips: int = Field(ge=0)
    """Clips it was compared with; 0 for a metric of one set."""


class MetricRecord(Record):
    """A metric with everything needed to compute it again."""

    id: str
    """Names the variant, such as ``fvd-i3d-k400-bilinear``."""
    name: str
    """For tables, such as ``FVD``."""
    better: Better
    values: tuple[ValueRecord, ...]
    net: str | None = None
    """Feature network; None for metrics of pixels."""
    net_sha256: str | None = None
    resize: str | None = None
    """Resize kernel and size."""
    frames: str = "1-15"
    """Frame indices that entered."""
    seed: int = 0
    warnings: tuple[str, ...] = ()


class CaseRecord(Record):
    """A synthetic clip among the best or the worst."""

    clip: str
    """Name of the synthetic clip."""
    metric: str
    """Id of the metric that it was ranked by."""
    value: float
    rank: int
    """1 is the best; -1 the worst."""


class LoopRecord(Record):
    """Loops of one still that play side by side; paths are relative to the record's folder."""

    name: str
    real: str | None = None
    reconstructed: str | None = None
    synthetic: tuple[str, ...] = ()
    strip: str | None = None
    """Film strip as PNG."""
    caption: str = ""


class PrivacyRecord(Record):
    """How near synthetic clips come to training clips."""

    embedding: str
    threshold: float
    """Similarity that 95 % of train-to-held-out maxima keep below."""
    share_above: float = Field(ge=0, le=1)
    num_clips: int = Field(ge=0)
    attack_auroc: float | None = None
    """Of the patient-level membership attack; 0.5 is chance."""
    attack_low: float | None = None
    attack_high: float | None = None
    nearest: tuple[LoopRecord, ...] = ()
    """The synthetic clips that come nearest, beside the training clip they come near to."""
    notes: tuple[str, ...] = ()


class EvaluationRecord(Record):
    """All of one evaluation."""

    format_version: Literal[1] = 1
    title: str
    created: str
    """ISO 8601, UTC."""
    software: str
    settings: dict[str, str | int | float | bool | None]
    real: ClipSetRecord
    synthetic: ClipSetRecord
    metrics: tuple[MetricRecord, ...]
    cases: tuple[CaseRecord, ...] = ()
    loops: tuple[LoopRecord, ...] = ()
    privacy: PrivacyRecord | None = None
    notes: tuple[str, ...] = ()


Stored = TypeVar("Stored", bound=Record)


def read_record(folder: Path) -> EvaluationRecord:
    """Read what ``sonoloop evaluate`` wrote.

    Args:
        folder: Its --out.

    Raises:
        UsageError: If there is no record, or none of this version.
    """
    return read_stored(folder / RECORD_FILE, EvaluationRecord, "evaluation", "evaluate")


def read_stored(path: Path, kind: type[Stored], name: str, command: str) -> Stored:
    """Read a record that a command wrote.

    Args:
        path: Its file.
        kind: What it must be.
        name: What it is called, such as "evaluation".
        command: What writes it, such as "evaluate".

    Raises:
        UsageError: If there is no such record, or none of this version.
    """
    if path.is_file() and damaged_files(path.parent, [path.name]):
        msg = f"{path} differs from its checksum in {SUMS_FILE}: restore it, or make it anew"
        raise UsageError(msg)
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"cannot read {path} ({error.strerror}): give the --out of 'sonoloop {command}'"
        raise UsageError(msg) from error
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        msg = f"{path} is no valid {name} record: {place}: {first['msg']}; {command} again"
        raise UsageError(msg) from error


def record_json(record: EvaluationRecord) -> str:
    """Write a record as JSON that people can read too."""
    return json.dumps(record.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
