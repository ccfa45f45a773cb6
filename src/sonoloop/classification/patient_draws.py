"""Patients drawn with replacement, and figures of their clips on all draws at once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float64, Real
from scipy.special import ndtri, stdtrit

from sonoloop.errors import SonoloopError

LEVEL = 0.95
"""Coverage of intervals."""

MIN_GROUPS = 5
"""Fewer patients give too few distinct draws for quantiles."""

_DRAWS_AT_ONCE = 500

Draws = Float64[np.ndarray, " draws"]
Weights = Float64[np.ndarray, "draws groups"]


@dataclass(frozen=True)
class PatientDraws:
    """How often each patient is in each draw.

    Args:
        groups: Patient of each clip.
        num_draws: Draws with replacement of as many patients as there are.
        seed: Of the draws.
    """

    groups: tuple[str, ...]
    num_draws: int
    seed: int

    def __post_init__(self) -> None:
        """Refuse too few patients.

        Raises:
            SonoloopError: If there are fewer than 5.
        """
        if self.num_groups < MIN_GROUPS:
            msg = f"an interval needs at least {MIN_GROUPS} patients, {self.num_groups} are too few"
            raise SonoloopError(msg)

    @property
    def num_groups(self) -> int:
        """Count the patients."""
        return len(set(self.groups))

    @cached_property
    def weights(self) -> Weights:
        """Times each patient was drawn."""
        count = self.num_groups
        rng = np.random.default_rng(self.seed)
        return rng.multinomial(count, np.full(count, 1 / count), self.num_draws).astype(np.float64)

    @cached_property
    def numbers(self) -> npt.NDArray[np.intp]:
        """Column of each clip's patient in ``weights``."""
        place = {group: number for number, group in enumerate(dict.fromkeys(self.groups))}
        return np.array([place[group] for group in self.groups], np.intp)

    def auroc(self, labels: Bool[np.ndarray, " n"], scores: Real[np.ndarray, " n"]) -> Draws:
        """Compute the AUROC of every draw; not a number where a class is absent."""
        order = np.argsort(scores)
        _, starts = np.unique(scores[order], return_index=True)
        positive, columns = labels[order], self.numbers[order]
        parts = []
        for first in range(0, self.num_draws, _DRAWS_AT_ONCE):
            weights = self.weights[first : first + _DRAWS_AT_ONCE, columns]
            hits = np.add.reduceat(weights * positive, starts, axis=1)
            others = np.add.reduceat(weights * ~positive, starts, axis=1)
            below = others.cumsum(1) - others / 2  # a tie counts half
            pairs = hits.sum(1) * others.sum(1)
            won = (hits * below).sum(1)
            parts.append(np.divide(won, pairs, out=np.full(len(won), np.nan), where=pairs > 0))
        return np.concatenate(parts)

    def widening(self, level: float = LEVEL) -> float:
        """Return the factor of deviations that makes up for few patients."""
        count, tail = self.num_groups, (1 - level) / 2
        student = float(stdtrit(count - 1, tail) / ndtri(tail))
        return float((count / (count - 1)) ** 0.5 * student)
