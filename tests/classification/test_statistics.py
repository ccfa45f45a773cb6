"""Paired bootstrap, Holm, McNemar: against published values, and their properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonoloop.classification.patient_draws import PatientDraws
from sonoloop.classification.scores import auroc
from sonoloop.classification.statistics import OutOfFold, auroc_draws, holm, mcnemar, widened
from sonoloop.errors import SonoloopError

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def _outcome(seed: int = 0, *, num_groups: int = 40, num_seeds: int = 1) -> OutOfFold:
    """Simulate three arms of which the last is good."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(num_groups), 3)
    labels = rng.random(len(groups)) < 0.5
    hard = rng.normal(size=num_groups)[groups]
    return OutOfFold(
        labels,
        tuple(map(str, groups)),
        {
            arm: effect * labels + hard + rng.normal(size=(num_seeds, len(groups)))
            for arm, effect in (("one", 1.0), ("other", 1.0), ("good", 3.0))
        },
    )


def test_estimates_are_those_of_all_patients() -> None:
    """Nothing but the interval depends on draws; with several seeds it is the mean over them."""
    outcome = _outcome(num_seeds=3)
    arms = auroc_draws(outcome, seed=1, num_draws=200)
    for arm, rows in outcome.scores.items():
        expected = np.mean([auroc(outcome.labels, row) for row in rows])
        assert arms.interval(arm).estimate == pytest.approx(expected)
        assert 0 <= arms.interval(arm).low < expected < arms.interval(arm).high <= 1


def test_differences_are_paired() -> None:
    """What makes patients hard cancels: the interval is narrower than that of unpaired arms."""
    arms = auroc_draws(_outcome(), seed=0)
    paired = arms.difference("one", "other")
    alone = [arms.interval(arm).high - arms.interval(arm).low for arm in ("one", "other")]
    assert paired.high - paired.low < 0.8 * np.hypot(*alone)
    mirrored = arms.difference("other", "one")
    assert mirrored.low == pytest.approx(-paired.high)
    assert mirrored.p_value == paired.p_value


def test_p_value_agrees_with_the_interval() -> None:
    """Below 5 % exactly where the interval leaves 0 out; an arm does not differ from itself."""
    arms = auroc_draws(_outcome(), seed=0)
    clear, none = arms.difference("good", "one"), arms.difference("one", "one")
    assert clear.low > 0
    assert clear.p_value is not None
    assert clear.p_value < 0.05
    assert (none.estimate, none.low, none.high, none.p_value) == (0, 0, 0, 1)


def test_patients_are_drawn_and_not_clips() -> None:
    """Every clip copied five times under its patient changes nothing; as new patients it does."""
    outcome = _outcome()
    copied = OutOfFold(
        np.tile(outcome.labels, 5),
        outcome.groups * 5,
        {arm: np.tile(rows, 5) for arm, rows in outcome.scores.items()},
    )
    split = OutOfFold(
        copied.labels,
        tuple(f"{group} {number // 120}" for number, group in enumerate(copied.groups)),
        copied.scores,
    )
    width = {
        name: found.high - found.low
        for name, found in (
            (name, auroc_draws(one, seed=0).interval("one"))
            for name, one in (("once", outcome), ("copied", copied), ("split", split))
        )
    }
    assert width["copied"] == pytest.approx(width["once"])
    assert width["split"] < 0.6 * width["once"]


def test_the_chance_of_training_widens_intervals() -> None:
    """Seeds that disagree make the interval as wide as their spread, beyond that of patients."""
    outcome = _outcome(num_groups=200)
    good, bad = outcome.scores["good"], outcome.scores["one"]
    agreed = OutOfFold(outcome.labels, outcome.groups, {"x": np.concatenate([good, good])})
    disagreed = OutOfFold(outcome.labels, outcome.groups, {"x": np.concatenate([good, bad])})
    narrow, wide = (auroc_draws(one, seed=0).interval("x") for one in (agreed, disagreed))
    spread = np.std([auroc(outcome.labels, row) for row in (good[0], bad[0])], ddof=1)
    reach = 0.95 * 1.96 * spread / 2**0.5  # drawn: not exact
    assert wide.estimate - wide.low > reach > 2 * (narrow.estimate - narrow.low)


def test_coverage_of_the_interval() -> None:
    """Of 200 simulated sets of 30 patients, 95 % intervals hold the true AUROC in 90 to 99 %.

    Binormal scores with equal variances: AUROC = Phi(effect / sqrt(2 variance)); here the patient's
    own difficulty counts to the variance, and .76 = Phi(1 / sqrt(2)) for effect 1.
    """
    held = 0
    for run in range(200):
        rng = np.random.default_rng(run)
        groups = np.arange(30)
        labels = np.arange(30) % 2 == 0
        scores = labels + rng.normal(size=(1, 30))
        outcome = OutOfFold(labels, tuple(map(str, groups)), {"x": scores})
        found = auroc_draws(outcome, seed=run, num_draws=300).interval("x")
        held += found.low <= 0.7602 <= found.high
    assert 180 <= held <= 198


@given(P_VALUES)
def test_holm_properties(p_values: list[float]) -> None:
    """Adjusted values are no smaller, at most Bonferroni's, and keep the order."""
    adjusted = holm(p_values)
    count = len(p_values)
    assert all(p <= new <= min(1, count * p) for p, new in zip(p_values, adjusted, strict=True))
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.array(adjusted)[order]) >= 0).all()


def test_holm_known_values() -> None:
    """R's p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm"), by its definition: .03 .06 .06 .02."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_mcnemar_known_value() -> None:
    """1 and 9 discordant pairs: 2 (C(10, 0) + C(10, 1)) / 2^10 = .021484, by hand."""
    first = np.array([True] * 9 + [False] + [True] * 30)
    second = np.array([False] * 9 + [True] + [True] * 30)
    found = mcnemar(first, second)
    assert (found.only_first, found.only_second) == (9, 1)
    assert found.p_value == pytest.approx(22 / 1024)
    assert mcnemar(second, first).p_value == found.p_value
    assert mcnemar(first, first).p_value == 1


def test_wrong_input_is_refused() -> None:
    """One class, arms of another length, draws of which most lack a class."""
    with pytest.raises(SonoloopError, match="all 3 clips are of one class"):
        OutOfFold(np.ones(3, bool), ("a", "b", "c"), {"x": np.zeros((1, 3))})
    with pytest.raises(ValueError, match="every arm scores every clip"):
        OutOfFold(np.array([True, False]), ("a", "b"), {"x": np.zeros((1, 3))})
    patients = PatientDraws(tuple("abcdef"), 100, seed=0)
    undefined = np.where(np.arange(100) < 60, np.nan, 0.5)
    with pytest.raises(SonoloopError, match="only 40 of 100 draws of 6 patients hold every class"):
        widened({"x": 0.5}, {"x": undefined}, patients)


def test_a_class_in_one_patient_gives_wide_intervals_or_none() -> None:
    """A third of the draws lack the only positive patient and are left out; all is still finite."""
    labels = np.array([True, *[False] * 9])
    outcome = OutOfFold(labels, tuple("abcdefghij"), {"x": np.arange(10.0)[None]})
    found = auroc_draws(outcome, seed=0, num_draws=300).interval("x")
    assert np.isfinite([found.low, found.high]).all()
