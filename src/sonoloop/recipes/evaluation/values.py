"""One value of one set for the record: the number, its 95 % interval, its n."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from sonoloop.errors import SonoloopError
from sonoloop.evaluation.clip_sets import ClipCollection
from sonoloop.evaluation.intervals import (
    NUM_SUBSAMPLES,
    Items,
    mean_interval,
    subsampling_interval,
)
from sonoloop.report.records import Role, ValueRecord

Advance = Callable[[int], None]
"""Called with the number of clips done."""

MANY_CLIPS: Final = 500
"""From here on a draw costs so much that fewer must do."""

FEW_SUBSAMPLES: Final = 200
"""Draws from many clips; the ends then have an error of about 10 % of the interval's width."""


def value_of_sets(
    role: Role,
    real: ClipCollection,
    clips: ClipCollection,
    distance: Callable[[Items, Items], float],
    *,
    seed: int,
    with_interval: bool = True,
    lowest: float = 0.0,
) -> ValueRecord:
    """Compute what compares a set with the real clips.

    Args:
        role: Whose value it is.
        real: The real clips.
        clips: The set.
        distance: (places of real clips, places of the set's clips) -> number.
        seed: Of the interval's draws.
        with_interval: False where draws would take too long.
        lowest: What the number cannot lie below; an interval ends there.

    Returns:
        Without interval where there are too few patients for one.
    """
    low = high = None
    if with_interval:
        try:
            interval = subsampling_interval(
                lambda drawn: distance(*drawn),
                [real.groups, clips.groups],
                seed=seed,
                num_subsamples=NUM_SUBSAMPLES if len(real) < MANY_CLIPS else FEW_SUBSAMPLES,
            )
            low, high = max(interval.low, lowest), max(interval.high, lowest)
        except SonoloopError:  # too few patients for an interval; the value itself stands
            pass
    value = distance(np.arange(len(real)), np.arange(len(clips)))
    return ValueRecord(
        role=role,
        value=value,
        low=low,
        high=high,
        num_clips=len(clips),
        num_reference_clips=len(real),
    )


def value_of_clips(
    role: Role, values: Sequence[float], groups: Sequence[str], *, seed: int
) -> ValueRecord:
    """Average one number a clip.

    Args:
        role: Whose value it is.
        values: At least one.
        groups: The group of each clip.
        seed: Of the interval's draws.

    Returns:
        Without interval where there are too few patients for one.
    """
    low: float | None
    high: float | None
    try:
        interval = mean_interval(values, groups, seed=seed)
        low, high = interval.low, interval.high
    except SonoloopError:  # too few patients for an interval
        low = high = None
    return ValueRecord(
        role=role,
        value=sum(values) / len(values),
        low=low,
        high=high,
        num_clips=len(values),
        num_reference_clips=len(values),
    )
