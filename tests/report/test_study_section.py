"""A study on the page."""

import re

from sonoloop.report.study_record import StudyRecord
from sonoloop.report.study_section import study_section, study_title, study_warnings


def _text(markup: str) -> str:
    """Return what is read: no elements."""
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", markup))


def test_answer_table_plots_and_leaks_are_shown(study_record: StudyRecord) -> None:
    """The answer first; the paper's figure in its cell; an interval and a row for each arm."""
    section = study_section(study_record, "here")
    said = _text(section)
    assert said.index("The answer it is not shown") < said.index("As in Table 2 of the paper")
    assert "c3d real 60.00 / 65.00 [70.96 / 73.21] 60.00 / 65.00 [64.85 / 68.81]" in said
    assert section.count("<svg") == 1 + 2 * len(study_record.results)
    assert "i trained on i 0.70 [0.60, 0.80] +0.03 [-0.02, +0.08] 0.60 0.65 0.50 0.80" in said
    assert "(i) - (b) +0.03 [-0.02, +0.08] 0.300 no" in said
    assert "taken for it in 80 % by the classifier trained on synthetic" in said
    assert "100 - 100" not in said
    assert "70 real videos and 30 stills to train on" in said


def test_one_ratio_has_no_learning_curve(study_record: StudyRecord) -> None:
    """Nor a heading for it."""
    one = study_record.model_copy(update={"results": study_record.results[:1]})
    assert "Learning curve" in study_section(study_record, "a")
    assert "Learning curve" not in study_section(one, "a")


def test_what_limits_trust_is_a_warning(study_record: StudyRecord) -> None:
    """A split that leaks, notes on the data, ratios that were stopped, seeds."""
    assert list(study_warnings(study_record)) == []
    stopped = study_record.results[0].model_copy(
        update={"not_trained": ("i",), "stopped": "too little", "notes": ("one training seed",)}
    )
    changed = study_record.model_copy(
        update={"split": "video", "notes": ("other stills",), "results": (stopped,)}
    )
    leaks, *others = study_warnings(changed)
    assert leaks.startswith("LEAKS")
    assert others == [
        "other stills",
        "c3d, ratio 0.7: undecidable, too little",
        "c3d, ratio 0.7: one training seed",
    ]
    assert study_title(changed).endswith("by video")
