"""A study on disk."""

import csv
import io
import json

from sonoloop.report.study_record import StudyRecord, study_csv, study_json


def test_json_gives_the_record_back(study_record: StudyRecord) -> None:
    """Nothing is lost."""
    assert StudyRecord.model_validate(json.loads(study_json(study_record))) == study_record


def test_csv_has_a_line_for_each_arm(study_record: StudyRecord) -> None:
    """Of every classifier at every ratio, with its interval."""
    rows = list(csv.DictReader(io.StringIO(study_csv(study_record))))
    assert [(row["ratio"], row["arm"]) for row in rows] == [
        ("0.7", "a"), ("0.7", "b"), ("0.7", "i"), ("0.5", "a"), ("0.5", "b"), ("0.5", "i"),
    ]  # fmt: skip
    assert (rows[0]["auroc"], rows[0]["low"], rows[0]["seeds"]) == ("0.7000", "0.6000", "2")
