"""The whole page: valid, sealed against the network, and deaf to what is written in records."""

import re
from collections.abc import Callable
from pathlib import Path

import html5lib
import pytest
from html5lib.filters.lint import Filter
from html5lib.treewalkers import getTreeWalker

from sonoloop.report.audit_record import AuditRecord
from sonoloop.report.evaluation_folder import EvaluationFolder
from sonoloop.report.page import page, part_title
from sonoloop.report.study_record import StudyRecord
from sonoloop.report.training_run import TrainingRun

HOSTILE = "</title></script></style>\"'><img src=x onerror=alert(1)>&\x00<!--"


def validate(document: str) -> list[str]:
    """Return the ids of a page after a parser that forgives nothing has read it."""
    parser = html5lib.HTMLParser(strict=True)
    tree = parser.parse(document)
    for _ in Filter(getTreeWalker("etree")(tree)):
        pass  # refuses elements and attributes out of place
    return [part.get("id") for part in tree.iter() if part.get("id")]


@pytest.fixture
def parts(
    evaluation_path: Path, other_evaluation_path: Path, training_path: Path
) -> list[EvaluationFolder | TrainingRun]:
    """Read two evaluations and a training."""
    return [
        EvaluationFolder.read(evaluation_path),
        EvaluationFolder.read(other_evaluation_path),
        TrainingRun.read(training_path),
    ]


def test_studies_and_audits_are_parts_too(
    study_record: StudyRecord,
    make_audit: Callable[..., AuditRecord],
    parts: list[EvaluationFolder | TrainingRun],
) -> None:
    """Valid beside the others, each with its warnings, and deaf to what users wrote."""
    audit = make_audit()
    study = study_record.model_copy(
        update={"dataset": HOSTILE, "split": "video", "notes": (HOSTILE,), "findings": (HOSTILE,)}
    )
    document = page("A report", [study, audit.model_copy(update={"label": HOSTILE}), *parts])
    ids = validate(document)
    assert len(ids) == len(set(ids))
    assert {"study-1", "audit-2", "evaluation-3", "training-5"} <= set(ids)
    assert set(re.findall(r'href="#([^"]*)"', document)) <= set(ids)
    assert "LEAKS" in document.partition("<h2>Does")[0]
    assert audit.notes[0] in document.partition("<h2>Does")[0]
    assert "<img src=x" not in document
    assert part_title(study_record) == "Does synthetic video help? label of breast, by patient"


def test_page_is_valid_html(parts: list[EvaluationFolder | TrainingRun]) -> None:
    """No parse error; ids are unique and every link of the page leads to one."""
    document = page("A report", parts)
    ids = validate(document)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]*)"', document)) <= set(ids)
    assert {"evaluation-1", "evaluation-2", "training-3", "warnings"} <= set(ids)


def test_page_needs_no_network(parts: list[EvaluationFolder | TrainingRun]) -> None:
    """Every source is inside the page, and its policy allows nothing else."""
    document = page("A report", parts)
    sources = re.findall(r'\b(?:src|srcset|poster|href)="([^"]*)"', document)
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert "default-src &#x27;none&#x27;" in document
    assert not re.search(r"\sstyle=|\son\w+=", document)  # the policy would forbid them


def test_what_users_wrote_stays_text(parts: list[EvaluationFolder | TrainingRun]) -> None:
    """Titles, names and settings of a record from elsewhere cannot become elements."""
    evaluation = parts[0]
    assert isinstance(evaluation, EvaluationFolder)
    record = evaluation.record
    loops = tuple(
        loop.model_copy(update={"name": HOSTILE, "caption": HOSTILE}) for loop in record.loops
    )
    metrics = tuple(
        metric.model_copy(update={"name": HOSTILE, "warnings": (HOSTILE,), "net": HOSTILE})
        for metric in record.metrics
    )
    changes = {"title": HOSTILE, "loops": loops, "metrics": metrics, "settings": {HOSTILE: HOSTILE}}
    hostile = EvaluationFolder(record.model_copy(update=changes), evaluation.media)
    document = page(HOSTILE, [hostile, parts[2]])
    validate(document)
    assert "<img src=x" not in document
    assert document.count("<script>") == 1


def test_warnings_come_first(parts: list[EvaluationFolder | TrainingRun]) -> None:
    """Before any result, each with a link; none where there is nothing to warn of."""
    document = page("A report", parts)
    assert "Warnings (3)" in document
    assert document.index('id="warnings"') < document.index("<table")
    assert 'id="warnings"' not in page("A report", parts[2:])


def test_same_runs_give_the_same_page(parts: list[EvaluationFolder | TrainingRun]) -> None:
    """No time, no random names."""
    assert page("A report", parts) == page("A report", parts)


def test_only_several_evaluations_are_compared(
    parts: list[EvaluationFolder | TrainingRun],
) -> None:
    """A training beside one evaluation changes nothing."""
    assert "Evaluations compared" in page("A", parts)
    alone = page("A", parts[1:])
    assert "Evaluations compared" not in alone
    validate(alone)
