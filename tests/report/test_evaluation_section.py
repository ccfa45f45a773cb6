"""One evaluation on the page."""

from pathlib import Path

import pytest

from sonoloop.report.evaluation_folder import EvaluationFolder
from sonoloop.report.evaluation_section import evaluation_section, evaluation_warnings
from sonoloop.report.media import Media


@pytest.fixture
def evaluation(evaluation_path: Path) -> EvaluationFolder:
    """Read the evaluation of phantoms."""
    return EvaluationFolder.read(evaluation_path)


def test_section_has_all_of_the_record(evaluation: EvaluationFolder) -> None:
    """Results, loops, cases, privacy, clips, failures and settings, under one anchor."""
    page = evaluation_section(evaluation, "evaluation-1")
    assert page.startswith('<section id="evaluation-1">')
    heads = ("Results", "Loops", "Best and worst cases", "Privacy", "Clips and settings")
    places = [page.index(f"<h3>{head}</h3>") for head in heads]
    assert places == sorted(places)
    for part in ("broken.mp4", "holds no video", "weights_dir", "8.333 Hz", "resampled from 25 Hz"):
        assert part in page


def test_empty_record_says_what_is_missing(evaluation: EvaluationFolder) -> None:
    """No loops, no cases, no privacy: no empty sections, but a word on privacy."""
    bare = evaluation.record.model_copy(update={"loops": (), "cases": (), "privacy": None})
    page = evaluation_section(EvaluationFolder(bare, {}), "a")
    assert "<h3>Loops</h3>" not in page
    assert "Not measured" in page


def test_warnings_name_what_they_are_about(evaluation: EvaluationFolder) -> None:
    """Of metrics, of files that could not be used, of loops that are missing."""
    media = {**evaluation.media, "a.mp4": Media(problem="a.mp4 cannot be read")}
    record = evaluation.record
    silent = record.metrics[1].model_copy(update={"values": ()})
    changed = record.model_copy(update={"metrics": (record.metrics[0], silent)})
    assert list(evaluation_warnings(EvaluationFolder(changed, media))) == [
        "FVD: 60 clips are fewer than the 400 dimensions of the features: see KVD",
        "LPIPS (vgg): no value",
        "1 file of the real clips could not be used, listed below",
        "loop a.mp4 cannot be read",
    ]
