"""From scores to figures."""

import pytest

from sonoloop.classification.statistics import NUM_DRAWS
from sonoloop.recipes.study.cells import Cell, plan_cells
from sonoloop.recipes.study.context import StudyContext
from sonoloop.recipes.study.results import results
from sonoloop.report.study_record import ResultRecord


def _found(context: StudyContext, right: dict[str, float]) -> dict[Cell, dict[str, object]]:
    """Let each arm score videos rightly with a certain weight, wrongly with the rest."""
    data = context.data
    label_of = dict(zip(data.item_ids, data.labels.tolist(), strict=True))

    def scores(items: tuple[str, ...], weight: float) -> dict[str, float]:
        noise = [((7919 * n) % 101) / 101 for n in range(len(items))]
        return {
            item: weight * label_of[item] + (1 - weight) * noise[n] for n, item in enumerate(items)
        }

    return {
        cell: {
            part: scores(getattr(context.division(cell), part), right[cell.arm])
            for part in ("held_out", "validation")
        }
        | {"requests": []}
        for cell in plan_cells(context.options, tuple(right))
    }


def _result(context: StudyContext, right: dict[str, float]) -> ResultRecord:
    (found,) = results(context, tuple(right), (), _found(context, right))
    return found


def test_figures_come_from_all_folds(study_context: StudyContext) -> None:
    """A perfect arm has an AUROC of 1, and its recovery is what it gains over (b)."""
    found = _result(study_context, {"b": 0.1, "i": 0.9, "k": 0.9})
    assert (found.held_out_videos, found.patients) == (32, 16)
    perfect, baseline = found.arm("i"), found.arm("b")
    assert perfect is not None
    assert baseline is not None
    assert perfect.auroc.estimate == perfect.f1 == perfect.accuracy == 1
    assert (perfect.sensitivity, perfect.specificity) == (1, 1)
    assert baseline.auroc.estimate < 0.9
    assert perfect.shares == (1.0, 1.0)
    assert baseline.shares == ()
    verdict = found.verdicts[0]
    assert verdict.answer == "not tested"  # (c), (d), (e) and (g) are missing
    assert verdict.recovery is not None
    assert verdict.recovery.ratio is not None
    assert verdict.recovery.ratio.estimate == pytest.approx(1)
    assert found.headroom is not None
    assert found.headroom.estimate == pytest.approx(1 - baseline.auroc.estimate)
    assert NUM_DRAWS >= 1000


def test_little_headroom_is_undecidable(study_context: StudyContext) -> None:
    """Where true videos gain less than 14 points."""
    found = _result(study_context, {"b": 0.9, "i": 0.9, "k": 0.9})
    assert found.verdicts[0].recovery is not None
    assert found.verdicts[0].recovery.ratio is None
    assert "less than the 0.14" in found.verdicts[0].recovery.reason


def test_validation_chooses_the_share(study_context: StudyContext) -> None:
    """The share that does best there counts, whatever it does on those held out."""
    cells = {}
    for cell, scores in _found(study_context, {"b": 0.5, "i": 0.5}).items():
        cells[cell] = scores
        if cell.arm == "i":
            worse = dict.fromkeys(study_context.division(cell).validation, 0.5)
            cells[cell._replace(share=2.0)] = scores | {"validation": worse}
    (found,) = results(study_context, ("b", "i"), (), cells)
    chosen = found.arm("i")
    assert chosen is not None
    assert chosen.shares == (1.0, 1.0)


def test_arms_that_probe_are_compared_with_none(study_context: StudyContext) -> None:
    """They have no line in the table."""
    found = _result(study_context, {"b": 0.5, "i": 0.6, "b-asked": 0.5})
    assert [arm.arm for arm in found.arms] == ["b", "i"]


def test_an_arm_without_all_its_folds_has_no_figures(study_context: StudyContext) -> None:
    """It is named, with the reason if (k) gains too little; the others keep theirs."""
    found = _found(study_context, {"b": 0.9, "i": 0.9, "k": 0.9})
    lacking = next(cell for cell in found if cell.arm == "i")
    del found[lacking]
    (result,) = results(study_context, ("b", "i", "k"), (), found)
    assert [arm.arm for arm in result.arms] == ["b", "k"]
    assert result.not_trained == ("i",)
    assert "less than the 0.14" in result.stopped


def test_b_and_k_alone_say_what_they_cannot_decide(study_context: StudyContext) -> None:
    """Little gain is a reason; with a generator's arm beside them its verdict has the word."""
    assert "less than the 0.14" in _result(study_context, {"b": 0.9, "k": 0.9}).stopped
    assert not _result(study_context, {"b": 0.1, "k": 0.9}).stopped
    assert not _result(study_context, {"b": 0.9, "i": 0.9, "k": 0.9}).stopped
