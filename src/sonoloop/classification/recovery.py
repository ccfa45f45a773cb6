"""How much of what true videos would give, synthetic ones give: (i - b) / (k - b).

Both differences are estimates, and where k - b is small their ratio says nothing: its bootstrap
quantiles would still look like an interval. The interval here is Fieller's (1954,
doi:10.1111/j.2517-6161.1954.tb00159.x), the ratios r for which (i - b) - r (k - b) may be 0::

    ((i - b) - r (k - b))^2 <= z^2 Var((i - b) - r (k - b))

with variances and covariance of the paired bootstrap. It is bounded only if k - b itself differs
from 0; otherwise no ratio is excluded in one direction at least, and the answer is 'undecidable'.
So it is below 14 points: with 51 patients a difference of 7 points is the least that shows
(7 to 10 were measured), which is the target, half, of 14.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from sonoloop.classification.statistics import ArmDraws, Interval

MIN_HEADROOM = 0.14
"""Least k - b at which half of it can be told from nothing."""

TARGET = 0.5


@dataclass(frozen=True)
class Recovery:
    """The share of the upper bound's gain, or why it cannot be told.

    Args:
        gain: i - b.
        headroom: k - b.
        ratio: Their ratio with Fieller's interval; None where undecidable.
        reason: Why undecidable; empty otherwise.
    """

    gain: Interval
    headroom: Interval
    ratio: Interval | None
    reason: str

    @property
    def meets_target(self) -> bool:
        """Whether at least half is recovered, and more than nothing for certain."""
        return self.ratio is not None and self.ratio.estimate >= TARGET and self.ratio.low > 0


def recovery(
    arms: ArmDraws, *, synthetic: str, baseline: str, upper: str, min_headroom: float = MIN_HEADROOM
) -> Recovery:
    """Compare the gain by synthetic videos with that by the true ones.

    Args:
        arms: Figures of the arms.
        synthetic: Arm with synthetic videos, (i).
        baseline: Arm without any, (b).
        upper: Arm with the true videos of the same patients, (k).
        min_headroom: Least k - b that is divided by; with more patients than 51 less will do.
    """
    gain = arms.difference(synthetic, baseline)
    headroom = arms.difference(upper, baseline)
    reason = ""
    if headroom.estimate < min_headroom:
        reason = (
            f"true videos of the same patients gain {headroom.estimate:+.3f}, less than the "
            f"{min_headroom:.2f} that {arms.num_groups} patients can divide"
        )
        return Recovery(gain, headroom, None, reason)
    ends = fieller(
        gain.estimate,
        headroom.estimate,
        np.cov(
            arms.draws[synthetic] - arms.draws[baseline], arms.draws[upper] - arms.draws[baseline]
        ),
        level=arms.level,
    )
    if ends is None:
        reason = (
            f"true videos of the same patients gain {headroom.estimate:+.3f} "
            f"[{headroom.low:.3f}, {headroom.high:.3f}], which may be nothing"
        )
        return Recovery(gain, headroom, None, reason)
    return Recovery(gain, headroom, Interval(gain.estimate / headroom.estimate, *ends), reason)


def fieller(
    numerator: float, denominator: float, covariance: np.ndarray, *, level: float
) -> tuple[float, float] | None:
    """Compute Fieller's interval for a ratio of normal estimates.

    Args:
        numerator: Estimate.
        denominator: Estimate.
        covariance: (2, 2), of numerator and denominator.
        level: Coverage.

    Returns:
        Its ends; None where it is unbounded because the denominator does not differ from 0.
    """
    z = float(ndtri((1 + level) / 2))
    # (n - r d)^2 <= z^2 (v_nn - 2 r v_nd + r^2 v_dd) is a r^2 - 2 b r + c <= 0 with
    (v_nn, v_nd), (_, v_dd) = (z**2 * covariance).tolist()
    a = denominator**2 - v_dd
    b = numerator * denominator - v_nd
    c = numerator**2 - v_nn
    if a <= 0:
        return None
    # The estimate itself fulfils it, so there are two roots but for rounding.
    half = max(b**2 - a * c, 0.0) ** 0.5
    return (b - half) / a, (b + half) / a
