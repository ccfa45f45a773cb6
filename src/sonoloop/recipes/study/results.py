"""From the scores of cells to figures, intervals and verdicts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from sonoloop.classification.recovery import Recovery, recovery
from sonoloop.classification.scores import (
    accuracy,
    auroc,
    confusion,
    f1,
    sensitivity,
    specificity,
)
from sonoloop.classification.statistics import ArmDraws, Interval, OutOfFold, auroc_draws
from sonoloop.classification.threshold import choose_threshold
from sonoloop.classification.verdict import ARMS, Comparison, Verdict, verdict
from sonoloop.recipes.study.cells import Cell, plan_cells
from sonoloop.recipes.study.context import StudyContext
from sonoloop.recipes.study.leaks import leaks
from sonoloop.recipes.study.options import MORE_ARMS, PROBES
from sonoloop.recipes.study.probe import NOT_AUGMENTED
from sonoloop.report.audit_record import IntervalRecord
from sonoloop.report.study_record import (
    ArmRecord,
    ComparisonRecord,
    RecoveryRecord,
    ResultRecord,
    VerdictRecord,
)

Found = Mapping[Cell, Mapping[str, Any]]
"""What each finished cell wrote."""


class Scored(NamedTuple):
    """One arm, all folds one behind another.

    Args:
        scores: Row per seed.
        decisions: The same, 1 where the probability reaches the threshold of its fold and seed.
        shares: Those chosen.
    """

    scores: np.ndarray
    decisions: np.ndarray
    shares: tuple[float, ...]


def results(
    context: StudyContext, arms: Sequence[str], sources: Sequence[str], found: Found
) -> Iterator[ResultRecord]:
    """Compute what every classifier reached at every ratio.

    Args:
        context: The study.
        arms: All arms.
        sources: Arms with clips from elsewhere.
        found: The cells that are there; an arm that lacks some is left out.
    """
    options = context.options
    for model in options.model_names:
        for ratio in options.ratio_values:
            divisions = [
                one
                for one in context.divisions
                if one.ratio == ratio and one.fold in options.fold_numbers
            ]
            trained, missing = _divided_by_training(context, model, ratio, arms, found)
            compared = [arm for arm in trained if arm not in PROBES]
            outcome, scored = out_of_fold(context, model, ratio, compared, found)
            draws = auroc_draws(outcome, seed=options.seed)
            asked = [arm for arm in ("i", *sources) if arm in compared]
            verdicts = [verdict(outcome, seed=options.seed, synthetic=arm) for arm in asked]
            unjudged = not verdicts and len(options.fold_numbers) == options.folds
            labels = outcome.labels.astype(np.int64)
            yield ResultRecord(
                model=model,
                ratio=ratio,
                real_videos=float(np.mean([len(one.training) for one in divisions])),
                stills=float(np.mean([len(one.stills) for one in divisions])),
                held_out_videos=len(labels),
                patients=draws.num_groups,
                arms=tuple(_arm(arm, scored[arm], labels, draws.interval(arm)) for arm in compared),
                verdicts=tuple(map(_verdict, asked, verdicts)),
                headroom=_interval(draws.difference("k", "b")) if "k" in compared else None,
                leaks=leaks(
                    context.data,
                    [
                        cell
                        for cell in found
                        if (cell.model, cell.ratio) == (model, ratio) and cell.arm in trained
                    ],
                    found,
                ),
                notes=(
                    *(verdicts[0].notes if verdicts else ()),
                    *((NOT_AUGMENTED,) if model == "i3d-probe" else ()),
                ),
                stopped=undecided(draws) if "k" in compared and (missing or unjudged) else "",
                not_trained=tuple(missing),
            )


def undecided(draws: ArmDraws) -> str:
    """Say why the share of the true videos' gain cannot be told; "" where it can.

    Args:
        draws: Figures of arms (b) and (k), perhaps of others.
    """
    return recovery(draws, synthetic="k", baseline="b", upper="k").reason


def out_of_fold(
    context: StudyContext, model: str, ratio: float, arms: Sequence[str], found: Found
) -> tuple[OutOfFold, dict[str, Scored]]:
    """Line up the scores of all held-out videos.

    Args:
        context: The study.
        model: Which classifier.
        ratio: Share of the training patients that give videos.
        arms: Arms, all cells of which are there.
        found: The cells.
    """
    data, options = context.data, context.options
    items = [
        item
        for one in context.divisions
        if one.ratio == ratio and one.fold in options.fold_numbers
        for item in one.held_out
    ]
    places = data.places(items)
    scored = {
        arm: _score(
            context,
            [cell for cell in found if (cell.model, cell.ratio, cell.arm) == (model, ratio, arm)],
            found,
        )
        for arm in arms
    }
    outcome = OutOfFold(
        data.labels[places] == 1,
        tuple(data.groups[place] for place in places),
        {arm: one.scores for arm, one in scored.items()},
    )
    return outcome, scored


def _divided_by_training(
    context: StudyContext, model: str, ratio: float, arms: Sequence[str], found: Found
) -> tuple[list[str], list[str]]:
    """Tell arms whose every cell is there from the others: no figure is of some folds only."""
    lacking = {
        cell.arm
        for cell in plan_cells(context.options, tuple(arms))
        if (cell.model, cell.ratio) == (model, ratio) and cell not in found
    }
    return [arm for arm in arms if arm not in lacking], [arm for arm in arms if arm in lacking]


def _score(context: StudyContext, cells: Sequence[Cell], found: Found) -> Scored:
    """Choose share and threshold of each fold and seed on validation; line the folds up."""
    rows, decisions, shares = [], [], []
    for seed in range(context.options.seeds):
        row: list[float] = []
        called: list[bool] = []
        for fold in context.options.fold_numbers:
            choices = [cell for cell in cells if (cell.seed, cell.fold) == (seed, fold)]
            cell = max(choices, key=lambda one: _validation(context, found[one])[0])
            _, threshold = _validation(context, found[cell])
            scores = found[cell]["held_out"]
            values = [float(scores[item]) for item in context.division(cell).held_out]
            row += values
            called += [value >= threshold for value in values]
            if cell.share is not None:
                shares.append(cell.share)
        rows.append(row)
        decisions.append(called)
    return Scored(np.array(rows), np.array(decisions, np.int64), tuple(shares))


def _validation(context: StudyContext, found: Mapping[str, Any]) -> tuple[float, float]:
    """AUROC on validation, and the threshold chosen there."""
    scores: Mapping[str, float] = found["validation"]
    labels = context.data.labels[context.data.places(tuple(scores))]
    values = np.array(list(scores.values()), np.float64)
    return auroc(labels, values), choose_threshold(labels, values)


def _arm(name: str, scored: Scored, labels: np.ndarray, interval: Interval) -> ArmRecord:
    counts = np.stack([confusion(labels, row, 2) for row in scored.decisions])
    return ArmRecord(
        arm=name,
        trained_on={**ARMS, **MORE_ARMS}.get(name, f"b + {name}"),
        auroc=_interval(interval),
        f1=float(np.mean(f1(counts))),
        accuracy=float(np.mean(accuracy(counts))),
        sensitivity=float(np.mean(sensitivity(counts))),
        specificity=float(np.mean(specificity(counts))),
        auroc_of_seeds=tuple(auroc(labels, row) for row in scored.scores),
        shares=scored.shares,
    )


def _verdict(arm: str, found: Verdict) -> VerdictRecord:
    return VerdictRecord(
        arm=arm,
        answer=found.answer,
        sentence=found.sentence,
        recovery=None if found.recovery is None else _recovery(arm, found.recovery),
        against_rivals=tuple(_comparison(one) for one in found.against_rivals),
        against_baseline=tuple(_comparison(one) for one in found.against_baseline),
    )


def _comparison(found: Comparison) -> ComparisonRecord:
    return ComparisonRecord(
        arm=found.arm,
        other=found.other,
        difference=_interval(found.difference),
        adjusted_p=found.adjusted_p,
        is_better=found.is_better,
    )


def _recovery(arm: str, found: Recovery) -> RecoveryRecord:
    return RecoveryRecord(
        arm=arm,
        gain=_interval(found.gain),
        headroom=_interval(found.headroom),
        ratio=None if found.ratio is None else _interval(found.ratio),
        reason=found.reason,
        meets_target=found.meets_target,
    )


def _interval(found: Interval) -> IntervalRecord:
    return IntervalRecord(
        estimate=found.estimate, low=found.low, high=found.high, p_value=found.p_value
    )
