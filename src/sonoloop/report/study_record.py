"""What a study found, as ``study.json`` and ``study.csv`` hold it."""

import csv
import io
import json
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from sonoloop.report.audit_record import IntervalRecord
from sonoloop.report.records import Record, read_stored

STUDY_FILE: Final = "study.json"
STUDY_TABLE: Final = "study.csv"
STUDY_PAGE: Final = "study.md"


class ArmRecord(Record):
    """How the classifiers of one arm did on videos of patients they had not seen."""

    arm: str
    trained_on: str
    auroc: IntervalRecord
    f1: float
    """Of the positive class, its threshold chosen on validation; as the rest, mean over seeds."""
    accuracy: float
    sensitivity: float
    specificity: float
    auroc_of_seeds: tuple[float, ...]
    shares: tuple[float, ...]
    """Synthetic clips for one real clip that validation chose, by fold and seed."""


class ComparisonRecord(Record):
    """AUROC of one arm minus that of another, paired by patient."""

    arm: str
    other: str
    difference: IntervalRecord
    adjusted_p: float
    is_better: bool


class RecoveryRecord(Record):
    """How much of the true videos' gain the synthetic ones give."""

    arm: str
    gain: IntervalRecord
    headroom: IntervalRecord
    ratio: IntervalRecord | None
    reason: str
    """Why it cannot be decided; empty where it can."""
    meets_target: bool


class VerdictRecord(Record):
    """What is said of the videos of one generator."""

    arm: str
    answer: Literal["helps", "not shown", "not tested"]
    sentence: str
    recovery: RecoveryRecord | None
    against_rivals: tuple[ComparisonRecord, ...]
    against_baseline: tuple[ComparisonRecord, ...]


class LeakRecord(Record):
    """Whether classifiers follow the class that a generator was asked for."""

    follows_request: dict[str, float]
    """Share of clips taken for the class asked for, by what the classifier was trained on and
    whether the request agrees with the class of the still."""
    real_or_synthetic: dict[str, float]
    """AUROC of synthetic against real clips of held-out patients, by class; mean over trainings."""


class ResultRecord(Record):
    """One classifier at one ratio."""

    model: str
    ratio: float
    real_videos: float
    """Training videos, mean over folds."""
    stills: float
    """Patients' videos of which the first frame alone was used, mean over folds."""
    held_out_videos: int
    patients: int
    arms: tuple[ArmRecord, ...]
    verdicts: tuple[VerdictRecord, ...]
    headroom: IntervalRecord | None
    """AUROC of (k) minus that of (b)."""
    leaks: LeakRecord | None
    notes: tuple[str, ...]
    stopped: str = ""
    """Why nothing can be decided here, where no generator's arm was trained beside (b) and (k)."""
    not_trained: tuple[str, ...] = ()
    """Arms that were left out for that reason."""

    def arm(self, name: str) -> ArmRecord | None:
        """Find an arm."""
        return next((one for one in self.arms if one.arm == name), None)

    def gains(self) -> dict[str, IntervalRecord]:
        """Give what each arm gains over (b), in the order of the arms."""
        found = {
            one.arm: one.difference for verdict in self.verdicts for one in verdict.against_baseline
        }
        if self.headroom is not None:
            found.setdefault("k", self.headroom)
        return {one.arm: found[one.arm] for one in self.arms if one.arm in found}


class StudyRecord(Record):
    """A study with all that is needed to run it again."""

    format: Literal[1] = 1
    dataset: str
    label: str
    classes: tuple[str, ...]
    """The second is positive."""
    split: Literal["patient", "video"]
    options: dict[str, str | int | float | None]
    num_cells: int = Field(ge=0)
    num_draws: int
    seconds_of_cells: float
    software: str
    results: tuple[ResultRecord, ...]
    findings: tuple[str, ...]
    """What follows, in words."""
    notes: tuple[str, ...] = ()
    """What is peculiar about the data, such as stills that differ from the videos."""


def read_study(folder: Path) -> StudyRecord:
    """Read what ``sonoloop study`` wrote.

    Args:
        folder: Its --out.

    Raises:
        UsageError: If there is no record, or none of this version.
    """
    return read_stored(folder / STUDY_FILE, StudyRecord, "study", "study")


def study_json(record: StudyRecord) -> str:
    """Write a record as JSON that people can read too."""
    return json.dumps(record.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def study_csv(record: StudyRecord) -> str:
    """Write one line for each classifier, ratio and arm."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    figures = ("f1", "accuracy", "sensitivity", "specificity")
    writer.writerow(
        ["model", "ratio", "real_videos", "stills", "arm", "trained_on", "auroc", "low", "high",
         *figures, "seeds", "held_out_videos", "patients", "split"]
    )  # fmt: skip
    for result in record.results:
        for arm in result.arms:
            numbers = (arm.auroc.estimate, arm.auroc.low, arm.auroc.high)
            numbers += tuple(getattr(arm, name) for name in figures)
            writer.writerow(
                [result.model, result.ratio, f"{result.real_videos:.1f}", f"{result.stills:.1f}",
                 arm.arm, arm.trained_on, *(f"{one:.4f}" for one in numbers),
                 len(arm.auroc_of_seeds), result.held_out_videos, result.patients, record.split]
            )  # fmt: skip
    return text.getvalue()
