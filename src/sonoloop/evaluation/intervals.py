"""Intervals by subsampling patients without replacement (Politis, Romano and Wolf 1999, Ch. 2).

Clips of one patient are alike, so whole groups are drawn. Of n groups, b are drawn without
replacement, again and again, and the statistic T is computed on their clips. For statistics that
are asymptotically linear,

    Var(T_b | data) = (s^2 / b) (1 - b / n)    and    Var(T_n) = s^2 / n,

the first with the finite-population factor of drawing without replacement. So the deviations

    D = sqrt(b / (n - b)) (T_b - mean(T_b))

are spread like T_n around its expectation (Wu 1990, doi:10.1214/aos/1176347753, proves it for b / n
fixed), and the interval is [T_n - q_high(D), T_n - q_low(D)]. With b = n / 2, the default, the
factor is 1. For few groups D is widened by t_{n-1} / z, the quantiles of Student and of the normal
distribution, as for a mean; and because few groups have few distinct halves, whose quantiles fall
short, no end is nearer than z standard deviations of D (delete-half jackknife, Shao and Wu 1989,
doi:10.1214/aos/1176347263).

D is centred on the mean of T_b and not on T_n, because metrics such as the Frechet distance are
biased upwards, the more the fewer the clips: T_b lies above T_n throughout. The interval is
therefore one for the expectation of T at this number of clips, not at infinitely many, and values
are to be compared at equal numbers. The percentile bootstrap with replacement repeats clips, which
acts like having fewer of them: for a Frechet distance it lies wholly above the estimate.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from sonoloop.errors import SonoloopError

Items = npt.NDArray[np.intp]
"""Places of the drawn clips in their set, ascending."""

Statistic = Callable[[Sequence[Items]], float]
"""(drawn clips of each set) -> the number."""

Group = str | int

LEVEL = 0.95
"""Coverage aimed at."""

NUM_SUBSAMPLES = 1000
"""Draws; the ends of an interval then have an error of about 5 % of its width."""

MIN_GROUPS = 5
"""Fewer groups give fewer than 10 halves, too few for quantiles."""


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval.

    Args:
        estimate: The statistic of all clips.
        low: Lower end.
        high: Upper end.
        level: Coverage aimed at.
        num_groups: Groups in each set.
        num_subsamples: Draws.
        seed: Of the draws.
    """

    estimate: float
    low: float
    high: float
    level: float
    num_groups: tuple[int, ...]
    num_subsamples: int
    seed: int


def subsampling_interval(
    statistic: Statistic,
    groups: Sequence[Sequence[Group]],
    *,
    seed: int,
    num_subsamples: int = NUM_SUBSAMPLES,
    fraction: float = 0.5,
    level: float = LEVEL,
) -> Interval:
    """Estimate how far a statistic of grouped clips would move with other patients.

    Sets that share groups (real clips, and synthetic ones from the same patients' stills) are
    drawn together: a group is in all of them or in none. Sets without a common group are drawn
    apart, each to the same fraction.

    Args:
        statistic: Takes the places of the drawn clips, one array for each set.
        groups: For each set, the group of each of its clips.
        seed: Of the draws.
        num_subsamples: Number of draws, at least 1 / (1 - level).
        fraction: Share b / n of the groups drawn, in (0, 1); at least 2 groups are drawn.
        level: Coverage, in (0, 1).

    Returns:
        Estimate and interval.

    Raises:
        SonoloopError: If there are fewer than 5 groups to draw from, or the statistic of a draw is
            not finite.
        ValueError: If fraction, level or num_subsamples is out of its range.
    """
    if not (0 < fraction < 1 and 0 < level < 1) or num_subsamples * (1 - level) < 1:
        msg = (
            "need fraction and level in (0, 1) and num_subsamples >= 1 / (1 - level), "
            f"got {fraction}, {level} and {num_subsamples}"
        )
        raise ValueError(msg)
    numbers = _numbered(groups)
    strata = _strata(numbers)
    sizes = [min(max(2, round(fraction * len(stratum))), len(stratum) - 1) for stratum in strata]
    estimate = statistic([np.arange(len(one)) for one in numbers])
    rng = np.random.default_rng(seed)
    values = np.empty(num_subsamples)
    for draw in range(num_subsamples):
        drawn = np.zeros(1 + max(int(stratum[-1]) for stratum in strata), dtype=bool)
        for stratum, b in zip(strata, sizes, strict=True):
            drawn[rng.choice(stratum, b, replace=False)] = True
        values[draw] = statistic([np.flatnonzero(drawn[one]) for one in numbers])
    if not (math.isfinite(estimate) and np.isfinite(values).all()):
        msg = (
            f"the statistic is not finite for {int((~np.isfinite(values)).sum())} of "
            f"{num_subsamples} draws of {sum(sizes)} groups: there are too few clips for it"
        )
        raise SonoloopError(msg)
    # Where strata are drawn to slightly different shares, the widest of their factors holds.
    factor = max(b / (len(s) - b) for s, b in zip(strata, sizes, strict=True)) ** 0.5
    freedom = min(len(stratum) for stratum in strata) - 1
    tail = (1 - level) / 2
    factor *= float(stdtrit(freedom, tail) / ndtri(tail))
    deviations = factor * (values - values.mean())
    low, high = np.quantile(deviations, [tail, 1 - tail])
    normal = -float(ndtri(tail)) * float(deviations.std(ddof=1))
    low, high = min(float(low), -normal), max(float(high), normal)
    return Interval(
        estimate=float(estimate),
        low=float(estimate - high),
        high=float(estimate - low),
        level=level,
        num_groups=tuple(len(np.unique(one)) for one in numbers),
        num_subsamples=num_subsamples,
        seed=seed,
    )


def mean_interval(
    values: npt.ArrayLike, groups: Sequence[Group], *, seed: int, level: float = LEVEL
) -> Interval:
    """Give the mean over clips of one number a clip, with its interval over groups.

    Args:
        values: One finite number a clip.
        groups: The group of each clip.
        seed: Of the draws.
        level: Coverage, in (0, 1).

    Returns:
        Mean and interval.

    Raises:
        SonoloopError: If there are fewer than 5 groups or a value is not finite.
        ValueError: If values and groups differ in number.
    """
    numbers = np.asarray(values, np.float64)
    if numbers.shape != (len(groups),):
        msg = f"need one value for each of {len(groups)} clips, got shape {numbers.shape}"
        raise ValueError(msg)
    return subsampling_interval(
        lambda drawn: float(numbers[drawn[0]].mean()), [groups], seed=seed, level=level
    )


def _numbered(groups: Sequence[Sequence[Group]]) -> list[Items]:
    """Replace each group by a number, the same in all sets."""
    number = {group: place for place, group in enumerate(dict.fromkeys(chain(*groups)))}
    return [np.array([number[group] for group in one], np.intp) for one in groups]


def _strata(numbers: Sequence[Items]) -> list[Items]:
    """Return the groups to draw together, or the groups of each set where none is shared."""
    own = [np.unique(one) for one in numbers]
    together = np.unique(np.concatenate(own))
    strata = own if len(together) == sum(map(len, own)) else [together]
    fewest = min(map(len, strata))
    if fewest < MIN_GROUPS:
        msg = f"an interval needs at least {MIN_GROUPS} groups (patients), {fewest} are too few"
        raise SonoloopError(msg)
    return strata
