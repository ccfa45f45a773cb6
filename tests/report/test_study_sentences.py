"""What is said of a study."""

from sonoloop.report.study_record import IntervalRecord, ResultRecord, StudyRecord, VerdictRecord
from sonoloop.report.study_sentences import study_findings


def _with(result: ResultRecord, verdict: VerdictRecord) -> ResultRecord:
    return result.model_copy(update={"verdicts": (verdict,)})


def test_the_ratio_that_decides_is_chosen_by_true_videos(study_record: StudyRecord) -> None:
    """Where they gain most: 0.25 at ratio 0.5, 0.05 at 0.7."""
    first = study_findings(study_record.results, leaks=False)[0]
    assert first.startswith("c3d: true videos gain most at ratio 0.5 (+0.250)")


def test_one_ratio_leaves_nothing_to_choose(study_record: StudyRecord) -> None:
    """The verdict comes first."""
    first = study_findings(study_record.results[:1], leaks=False)[0]
    assert first == "c3d at ratio 0.7: it is not shown"


def test_recovery_in_words(study_record: StudyRecord) -> None:
    """A share with its interval, or why there is none."""
    said = " ".join(study_findings(study_record.results, leaks=False))
    assert "recovery 0.60 [0.20, 1.00] of what true videos gain (+0.25 [+0.15, +0.35])" in said
    assert "is reached" in said
    assert "recovery is undecidable: too little" in said


def test_missed_targets_are_said(study_record: StudyRecord) -> None:
    """Also of a generator from elsewhere, by its name."""
    result = study_record.results[1]
    verdict = result.verdicts[0]
    assert verdict.recovery is not None
    missed = verdict.recovery.model_copy(update={"meets_target": False, "arm": "ours"})
    changed = _with(result, verdict.model_copy(update={"recovery": missed, "arm": "ours"}))
    said = " ".join(study_findings([changed], leaks=False))
    assert "ours: it is not shown" in said
    assert "recovery of ours 0.60" in said
    assert "is not reached" in said


def test_leaks_come_first(study_record: StudyRecord) -> None:
    """Before any figure."""
    assert study_findings(study_record.results, leaks=True)[0].startswith("LEAKS")


def test_what_was_not_trained_is_said(study_record: StudyRecord) -> None:
    """With the reason, and how to train it after all."""
    changed = study_record.results[0].model_copy(
        update={"verdicts": (), "stopped": "true videos gain +0.050", "not_trained": ("a", "i")}
    )
    (said,) = study_findings([changed], leaks=False)
    assert said.startswith("c3d at ratio 0.7: undecidable: true videos gain +0.050; (a), (i) not")
    assert said.endswith("trained, --undecidable go-on trains them")


def test_a_study_of_b_and_k_alone_says_whether_the_question_can_be_decided(
    study_record: StudyRecord,
) -> None:
    """With the gain, and the reason where it cannot."""
    alone = study_record.results[1].model_copy(update={"verdicts": ()})
    reason = "true videos gain +0.050, less than the 0.14"
    changed = alone.model_copy(update={"stopped": reason})
    (decidable,) = study_findings([alone], leaks=False)
    (undecidable,) = study_findings([changed], leaks=False)
    assert "true videos of the other patients gain +0.25" in decidable
    assert undecidable == f"{decidable}; undecidable: {reason}"


def test_it_is_said_which_stage_loses_the_gain(study_record: StudyRecord) -> None:
    """Where true videos after stage 1 were an arm."""
    result = study_record.results[1]
    verdict = result.verdicts[0]
    found = {"k": (0.2, 0.1, 0.3), "k-decoded": (0.1, 0.0, 0.2), "i": (0.05, -0.1, 0.2)}
    gains = tuple(
        verdict.against_baseline[0].model_copy(
            update={
                "arm": name,
                "difference": IntervalRecord(estimate=estimate, low=low, high=high),
            }
        )
        for name, (estimate, low, high) in found.items()
    )
    arms = tuple(result.arms[0].model_copy(update={"arm": name}) for name in ("b", *found))
    compared = verdict.model_copy(update={"against_baseline": gains})
    changed = result.model_copy(update={"arms": arms, "verdicts": (compared,)})
    said = " ".join(study_findings([changed], leaks=False))
    assert "true videos gain +0.20 [+0.10, +0.30], encoded and decoded +0.10 [+0.00, +0.20]" in said
    assert "LDDM's +0.05 [-0.10, +0.20] by stage 2" in said
    assert "lost by stage 1" not in " ".join(study_findings([result], leaks=False))
