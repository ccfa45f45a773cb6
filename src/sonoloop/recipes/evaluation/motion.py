"""How much, how smoothly and how orderly clips move, beside the real ones."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from sonoloop.errors import SonoloopError
from sonoloop.evaluation.clip_sets import ClipSource
from sonoloop.evaluation.intervals import Items
from sonoloop.evaluation.measurement_cache import MeasurementCache
from sonoloop.evaluation.motion import (
    ClipMotion,
    clip_motion,
    energy_ratio,
    flicker_ratio,
    flow_distance_px,
    shuffle_ratio,
)
from sonoloop.recipes.evaluation.options import EvaluateOptions
from sonoloop.recipes.evaluation.sets import EvaluationSets
from sonoloop.recipes.evaluation.values import Advance, value_of_sets
from sonoloop.report.records import Better, MetricRecord, ValueRecord
from sonoloop.shapes import Clip


@dataclass(frozen=True)
class _Figure:
    """A figure of two sets.

    Args:
        id: Names it.
        name: For tables.
        better: Which way is right.
        compare: (real, synthetic) -> the figure.
        lowest: What it cannot lie below.
    """

    id: str
    name: str
    better: Better
    compare: Callable[[ClipMotion, ClipMotion], float]
    lowest: float = 0.0


FIGURES: Final = (
    _Figure("motion-energy-ratio", "Temporal energy / real", "one", energy_ratio),
    _Figure(
        "motion-flow-distance-px",
        "Flow distance, pixels",
        "zero",
        lambda real, made: flow_distance_px(real.flow_histogram, made.flow_histogram),
    ),
    _Figure("motion-flicker-ratio", "Flicker / real", "one", flicker_ratio),
    _Figure("motion-shuffle-ratio", "Order of frames / real", "one", shuffle_ratio, -math.inf),
)


class MotionFigures:
    """The figures of clips as rows that can be kept: energy, flicker, order, flow histogram."""

    id, checksum, batch_size = "motion", "", 1

    def __call__(self, *clips: Clip) -> Tensor:
        """Measure single clips."""
        (clip,) = clips
        found = clip_motion(clip)
        scalars = torch.stack([found.energy, found.flicker, found.shuffle_score], 1)
        return torch.cat([scalars, found.flow_histogram], 1)


def motion_metrics(
    sets: EvaluationSets, cache: Path, options: EvaluateOptions, advance: Advance
) -> list[MetricRecord]:
    """Compare the motion of every set with that of the real clips.

    Args:
        sets: What is compared.
        cache: Folder of figures that are known already.
        options: Seed.
        advance: Called with the number of clips done.
    """
    store = MeasurementCache(cache, MotionFigures())

    def measured(sources: Sequence[ClipSource]) -> ClipMotion:
        rows = store.rows([(source,) for source in sources], advance)
        return ClipMotion(rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3:])

    real = measured(sets.real.sources)
    motions = {role: measured(clips.sources) for role, clips in sets.roles.items()}
    records = []
    for figure in FIGURES:
        values: list[ValueRecord] = []
        warnings: list[str] = []
        for role, motion in motions.items():

            def compared(
                ours: Items, theirs: Items, motion: ClipMotion = motion, figure: _Figure = figure
            ) -> float:
                drawn = real.drawn(torch.from_numpy(ours)), motion.drawn(torch.from_numpy(theirs))
                return figure.compare(*drawn)

            try:
                value = value_of_sets(
                    role,
                    sets.real,
                    sets.roles[role],
                    compared,
                    seed=options.seed,
                    lowest=figure.lowest,
                )
            except SonoloopError as error:  # no texture that could be followed
                warnings.append(f"{role}: {error}")
                continue
            if abs(value.value) < float("inf"):
                values.append(value)
            else:  # infinite or no number
                warnings.append(f"{role}: the real clips have none, so there is no ratio")
        records.append(
            MetricRecord(
                id=figure.id,
                name=figure.name,
                better=figure.better,
                values=tuple(values),
                frames="all",
                seed=options.seed,
                warnings=tuple(warnings),
            )
        )
    return records
