"""How far figures would move with other patients, and which differences are more than chance.

Clips of one patient are alike, so whole patients are drawn with replacement (cluster bootstrap,
Field & Welsh 2007, doi:10.1111/j.1467-9868.2007.00593.x), the same ones for all arms: what makes a
patient hard is hard for all, and cancels in a difference. Deviations from the estimate are widened
by sqrt(n / (n - 1)) t_{n-1} / z, as for a mean of n patients (n drawn patients vary less than n
new ones, and their variance is itself an estimate). Draws without a clip of one class are left out.

Where an arm was trained with several seeds, its figure is the mean over them, and the chance of
training is added to the draws: normal, with the variance over seeds of all arms together, over the
number of seeds. Part of it is in the patients already, so intervals err on the wide side. With one
seed it is unknown and not in the interval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Real
from scipy.stats import binomtest

from sonoloop.classification.patient_draws import LEVEL, Draws, PatientDraws
from sonoloop.classification.scores import auroc
from sonoloop.errors import SonoloopError

NUM_DRAWS = 4000
"""A p-value of .05 then has a standard error of .005."""

MIN_SHARE_OF_DRAWS = 0.5
"""Where fewer draws than this hold both classes, one class lies in too few patients."""


@dataclass(frozen=True)
class OutOfFold:
    """Scores that every arm gave the same clips while they were held out.

    Args:
        labels: True for the positive class.
        groups: Patient of each clip.
        scores: For each arm, a row per training seed: any increasing function of the probability,
            comparable over folds.
    """

    labels: Bool[np.ndarray, " n"]
    groups: tuple[str, ...]
    scores: Mapping[str, Real[np.ndarray, "_seeds _n"]]

    def __post_init__(self) -> None:
        """Refuse what cannot be paired.

        Raises:
            ValueError: If arms do not score every clip.
            SonoloopError: If a class is absent.
        """
        shapes = {arm: rows.shape[1] for arm, rows in self.scores.items()}
        if len(self.groups) != len(self.labels) or set(shapes.values()) - {len(self.labels)}:
            msg = (
                f"{len(self.labels)} labels, {len(self.groups)} patients and {shapes} scores: "
                "every arm scores every clip"
            )
            raise ValueError(msg)
        if self.labels.all() or not self.labels.any():
            msg = f"all {len(self.labels)} clips are of one class: an AUROC needs two"
            raise SonoloopError(msg)


@dataclass(frozen=True)
class Interval:
    """An estimate, its interval and whether it could be 0.

    Args:
        estimate: Of all patients.
        low: Lower end.
        high: Upper end.
        p_value: Two-sided, of a true value of 0; for differences only.
    """

    estimate: float
    low: float
    high: float
    p_value: float | None = None


@dataclass(frozen=True)
class ArmDraws:
    """A figure of every arm on the patients there are, and on patients drawn from them.

    Args:
        estimates: The figure of each arm.
        draws: The same on draws, draw k of the same patients in every arm, widened.
        num_groups: Patients.
        level: Coverage of intervals.
    """

    estimates: Mapping[str, float]
    draws: Mapping[str, Draws]
    num_groups: int
    level: float = LEVEL

    def interval(self, arm: str) -> Interval:
        """Give the figure of an arm, which lies in [0, 1], with its interval."""
        low, high = self._ends(self.draws[arm])
        return Interval(self.estimates[arm], max(low, 0.0), min(high, 1.0))

    def difference(self, arm: str, other: str) -> Interval:
        """Give the figure of an arm minus that of another, paired by patient."""
        draws = self.draws[arm] - self.draws[other]
        one_sided = min((draws <= 0).sum(), (draws >= 0).sum()) + 1
        return Interval(
            self.estimates[arm] - self.estimates[other],
            *self._ends(draws),
            p_value=min(1.0, 2 * float(one_sided) / (len(draws) + 1)),
        )

    def _ends(self, draws: Draws) -> tuple[float, float]:
        tail = (1 - self.level) / 2
        low, high = np.quantile(draws, [tail, 1 - tail]).tolist()
        return low, high


def auroc_draws(outcome: OutOfFold, *, seed: int, num_draws: int = NUM_DRAWS) -> ArmDraws:
    """Compute every arm's AUROC on the patients and on draws of them.

    Args:
        outcome: Scores out of fold.
        seed: Of the draws; the same seed draws the same patients.
        num_draws: At least 100.

    Returns:
        What intervals, differences and recovery are read from.

    Raises:
        SonoloopError: If patients are fewer than 5, or one class lies in too few of them.
    """
    patients = PatientDraws(outcome.groups, num_draws, seed)
    by_seed = {
        arm: np.array([auroc(outcome.labels, row) for row in rows])
        for arm, rows in outcome.scores.items()
    }
    draws = {
        arm: np.mean([patients.auroc(outcome.labels, row) for row in rows], axis=0)
        for arm, rows in outcome.scores.items()
    }
    return widened(
        {arm: float(values.mean()) for arm, values in by_seed.items()},
        draws,
        patients,
        chance={arm: _training_chance(by_seed, arm) for arm in by_seed},
    )


def widened(
    estimates: Mapping[str, float],
    draws: Mapping[str, Draws],
    patients: PatientDraws,
    *,
    chance: Mapping[str, float] | None = None,
) -> ArmDraws:
    """Widen draws for the number of patients and add the chance of training.

    Args:
        estimates: The figure of each arm.
        draws: The same on draws of patients; not a number where it is undefined.
        patients: The draws.
        chance: Standard deviation of each arm's figure over repeated training.

    Raises:
        SonoloopError: If fewer than half of the draws are defined in all arms.
    """
    defined = np.logical_and.reduce([np.isfinite(values) for values in draws.values()])
    if defined.mean() < MIN_SHARE_OF_DRAWS:
        msg = (
            f"only {int(defined.sum())} of {len(defined)} draws of {patients.num_groups} patients "
            "hold every class: a class lies in too few patients for an interval"
        )
        raise SonoloopError(msg)
    factor = patients.widening()
    rng = np.random.default_rng([patients.seed, 1])
    wide = {}
    for arm, values in draws.items():
        deviations = factor * (values[defined] - estimates[arm])
        deviations += rng.normal(0, (chance or {}).get(arm, 0.0), len(deviations))
        wide[arm] = estimates[arm] + deviations
    return ArmDraws(estimates, wide, patients.num_groups)


def _training_chance(by_seed: Mapping[str, Draws], arm: str) -> float:
    """Estimate the deviation of an arm's mean over seeds, its variance pooled over all arms."""
    repeated = [values for values in by_seed.values() if len(values) > 1]
    if not repeated:
        return 0.0
    freedom = sum(len(values) - 1 for values in repeated)
    variance = sum(float(((values - values.mean()) ** 2).sum()) for values in repeated) / freedom
    return float((variance / len(by_seed[arm])) ** 0.5)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that the chance of any false claim stays below the level (Holm 1979).

    The k-th smallest of m is multiplied by m - k + 1, and none falls below a smaller one.

    Args:
        p_values: Of one family of tests, in [0, 1].

    Returns:
        Adjusted ones, in the order given.
    """
    values = np.asarray(p_values, np.float64)
    order = np.argsort(values)
    stepped = values[order] * np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1)
    return list(map(float, adjusted))


@dataclass(frozen=True)
class McNemar:
    """Two classifiers on the same clips.

    Args:
        only_first: Clips that only the first got right.
        only_second: Clips that only the second got right.
        p_value: Two-sided, exact, of equal accuracy.
    """

    only_first: int
    only_second: int
    p_value: float


def mcnemar(first: Bool[np.ndarray, " n"], second: Bool[np.ndarray, " n"]) -> McNemar:
    """Compare accuracies on the same clips (McNemar 1947, exact binomial).

    It takes clips for independent, as the paper's split by video does: where patients have
    several clips, read the bootstrap over patients instead.

    Args:
        first: Whether the first classifier is right, clip by clip.
        second: The same of the second.
    """
    only_first = int((first & ~second).sum())
    only_second = int((second & ~first).sum())
    num_different = only_first + only_second
    p_value = float(binomtest(only_first, num_different).pvalue) if num_different else 1.0
    return McNemar(only_first, only_second, p_value)
