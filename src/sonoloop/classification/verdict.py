"""Whether synthetic video helps, by a rule fixed before any result was seen.

"Synthetic video helps" is said only where arm (i) beats each of (b) to (e) and (g): all of its
rivals use the same stills and the same optimiser steps, so that what is left is the motion that the
generator made. Each comparison is two-sided at the level of 5 %, paired by patient, with Holm's
adjustment over the rivals. A rule that needs every comparison errs no more often than the worst of
them alone (Berger 1982, doi:10.1080/00401706.1982.10487790), and Holm makes it stricter still.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from sonoloop.classification.patient_draws import LEVEL
from sonoloop.classification.recovery import Recovery, recovery
from sonoloop.classification.statistics import (
    NUM_DRAWS,
    ArmDraws,
    Interval,
    OutOfFold,
    auroc_draws,
    holm,
)

ARMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "a": "real",
        "b": "real, strongly augmented",
        "c": "b + real clips repeated",
        "d": "b + stills repeated",
        "e": "b + stills warped, with speckle",
        "f": "images: all stills and frames",
        "g": "b + stills with a random latent",
        "h": "b + cINN",
        "i": "b + LDDM",
        "j": "b + LDDM, frames shuffled",
        "k": "b + the true videos",
    }
)
"""Letter -> what it is trained on."""

RIVALS: Final = ("b", "c", "d", "e", "g")
"""What (i) must beat."""

Answer = Literal["helps", "not shown", "not tested"]


@dataclass(frozen=True)
class Comparison:
    """One arm against another.

    Args:
        arm: Whose gain it is.
        other: What it is compared with.
        difference: AUROC of the arm minus the other's, with p-value.
        adjusted_p: After Holm, within its family.
        is_better: Whether the arm beats the other: better, and adjusted p below 5 %.
    """

    arm: str
    other: str
    difference: Interval
    adjusted_p: float
    is_better: bool


@dataclass(frozen=True)
class Verdict:
    """The answer and every number it rests on.

    Args:
        answer: "not tested" where a rival is missing.
        sentence: The answer in words, with what decided it.
        auroc: Of each arm, out of fold.
        against_rivals: (i) against each rival, one family of tests.
        against_baseline: Each arm against (b), another family.
        recovery: None without arm (k).
        num_clips: Clips scored.
        num_groups: Patients, which are what was drawn.
        num_seeds: Training seeds of each arm.
        num_draws: Draws asked for.
        seed: Of the draws.
        notes: What the intervals do not hold.
    """

    answer: Answer
    sentence: str
    auroc: Mapping[str, Interval]
    against_rivals: tuple[Comparison, ...]
    against_baseline: tuple[Comparison, ...]
    recovery: Recovery | None
    num_clips: int
    num_groups: int
    num_seeds: Mapping[str, int]
    num_draws: int
    seed: int
    notes: tuple[str, ...]


def verdict(
    outcome: OutOfFold,
    *,
    seed: int,
    num_draws: int = NUM_DRAWS,
    synthetic: str = "i",
    rivals: tuple[str, ...] = RIVALS,
    baseline: str = "b",
    upper: str = "k",
) -> Verdict:
    """Say whether synthetic video helps.

    Args:
        outcome: Scores of the arms out of fold.
        seed: Of the draws of patients.
        num_draws: At least 1,000, for p-values near 5 %.
        synthetic: Arm in question; must be there.
        rivals: What it must beat.
        baseline: What gains are counted from; must be there.
        upper: The upper bound.

    Raises:
        ValueError: If the arm in question or the baseline is missing.
        SonoloopError: If patients are too few.
    """
    missing = [arm for arm in (synthetic, baseline) if arm not in outcome.scores]
    if missing:
        msg = f"arm {', '.join(missing)} is missing, there are {', '.join(outcome.scores)}"
        raise ValueError(msg)
    arms = auroc_draws(outcome, seed=seed, num_draws=num_draws)
    tested = [(synthetic, rival) for rival in rivals if rival in outcome.scores]
    against_rivals = _compare(arms, tested)
    answer, sentence = _answer(against_rivals, [r for r in rivals if r not in outcome.scores])
    num_seeds = {arm: len(rows) for arm, rows in outcome.scores.items()}
    notes = []
    if max(num_seeds.values()) == 1:
        notes.append("one training seed: the chance of training is not in the intervals")
    return Verdict(
        answer=answer,
        sentence=sentence,
        auroc={arm: arms.interval(arm) for arm in outcome.scores},
        against_rivals=against_rivals,
        against_baseline=_compare(
            arms, [(arm, baseline) for arm in outcome.scores if arm != baseline]
        ),
        recovery=recovery(arms, synthetic=synthetic, baseline=baseline, upper=upper)
        if upper in outcome.scores
        else None,
        num_clips=len(outcome.labels),
        num_groups=arms.num_groups,
        num_seeds=num_seeds,
        num_draws=num_draws,
        seed=seed,
        notes=tuple(notes),
    )


def _compare(arms: ArmDraws, pairs: list[tuple[str, str]]) -> tuple[Comparison, ...]:
    """Compare pairs of arms as one family of tests."""
    found = [arms.difference(arm, other) for arm, other in pairs]
    adjusted = holm([one.p_value or 0.0 for one in found])
    return tuple(
        Comparison(
            arm,
            other,
            difference=difference,
            adjusted_p=p_value,
            is_better=difference.estimate > 0 and p_value < 1 - LEVEL,
        )
        for (arm, other), difference, p_value in zip(pairs, found, adjusted, strict=True)
    )


def _answer(against: tuple[Comparison, ...], missing: list[str]) -> tuple[Answer, str]:
    unbeaten = [one for one in against if not one.is_better]
    if unbeaten:
        named = ", ".join(f"({one.other}) {_words(one)}" for one in unbeaten)
        return "not shown", f"it is not shown that synthetic video helps: not better than {named}"
    if missing:
        named = ", ".join(f"({arm}) {ARMS.get(arm, '')}".rstrip() for arm in missing)
        return "not tested", f"whether synthetic video helps was not tested: no arm {named}"
    least = min(against, key=lambda one: one.difference.estimate)
    return "helps", f"synthetic video helps: least gain over ({least.other}), {_words(least)}"


def _words(one: Comparison) -> str:
    found = one.difference
    return (
        f"{found.estimate:+.3f} [{found.low:+.3f}, {found.high:+.3f}], "
        f"adjusted p {one.adjusted_p:.3f}"
    )
