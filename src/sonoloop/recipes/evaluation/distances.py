"""Distances between sets of clips in the features of a frozen net: FVD, KVD, DTFVD, FID."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.evaluation.clip_sets import ClipCollection, ClipSource
from sonoloop.evaluation.intervals import Items
from sonoloop.evaluation.kvd import block_kernel_distance
from sonoloop.evaluation.measurement_cache import MeasurementCache
from sonoloop.evaluation.subset_distances import (
    MAX_ROWS,
    frechet_between_subsets,
    kernel_between_subsets,
)
from sonoloop.features.extractor import FeatureExtractor, resize_of
from sonoloop.features.frame_inception import FrameInception
from sonoloop.features.still_i3d import StillI3d
from sonoloop.recipes.evaluation.options import EvaluateOptions
from sonoloop.recipes.evaluation.sets import EvaluationSets
from sonoloop.recipes.evaluation.values import Advance, value_of_sets
from sonoloop.report.records import MetricRecord, Role, ValueRecord
from sonoloop.shapes import Clip

ClipFeatures = Float[Tensor, "n frames features"]
"""The vectors of each clip: one, or one for every frame."""

DistanceKind = Literal["fvd", "kvd", "dtfvd", "fid"]
IDENTICAL: Final = 1e-6
"""Distance, as a share of the real features' variance, that rounding explains."""

CLIPS_AT_ONCE: Final = 4
"""More are no faster on a CPU."""

CLIPS_AT_ONCE_ON_GPU: Final = 32


@dataclass(frozen=True)
class NetFeatures:
    """The features of a net as something that is measured on clips and kept.

    Args:
        net: One vector a clip, or one a frame.
    """

    net: FeatureExtractor | FrameInception | StillI3d

    @property
    def id(self) -> str:
        """Name of the net with its resize."""
        return self.net.id

    @property
    def checksum(self) -> str:
        """SHA-256 of its weights."""
        return self.net.checksum

    @property
    def batch_size(self) -> int:
        """Clips that it sees at once."""
        return CLIPS_AT_ONCE_ON_GPU if torch.cuda.is_available() else CLIPS_AT_ONCE

    def __call__(self, *clips: Clip) -> Tensor:
        """Compute the features of single clips."""
        (clip,) = clips
        return self.net(clip).float()

    def of(self, sources: Sequence[ClipSource], cache: Path, advance: Advance) -> ClipFeatures:
        """Look the features of clips up, or compute them.

        Args:
            sources: The clips.
            cache: Folder of what was computed before.
            advance: Called with the number of clips done.
        """
        rows = MeasurementCache(cache, self).rows([(source,) for source in sources], advance)
        return rows.unsqueeze(1) if rows.ndim < 3 else rows  # noqa: PLR2004 - one vector a clip


def distance_metrics(
    sets: EvaluationSets,
    net: FeatureExtractor | FrameInception,
    kinds: Mapping[DistanceKind, str],
    cache: Path,
    options: EvaluateOptions,
    advance: Advance,
) -> list[MetricRecord]:
    """Compare every set with the real clips in the features of one net.

    Args:
        sets: What is compared.
        net: The net.
        kinds: Distances and what tables call them.
        cache: Folder of features that are known already.
        options: Seed, and whether frame 0 counts for FID.
        advance: Called with the number of clips done.
    """
    features = NetFeatures(net)
    start = 1 if "fid" in kinds and not options.paper else 0
    real = features.of(sets.real.sources, cache, advance)[:, start:]
    others = {
        role: features.of(clips.sources, cache, advance)[:, start:]
        for role, clips in sets.roles.items()
    }
    num_vectors = len(real) * real.shape[1]
    identical = {
        role for role, clips in sets.roles.items() if _contents(clips) == _contents(sets.real)
    }
    records = []
    for kind, name in kinds.items():
        values = tuple(
            value_of_sets(
                role,
                sets.real,
                clips,
                _distance(kind, real, others[role]),
                seed=options.seed,
                with_interval=kind != "kvd" or num_vectors <= MAX_ROWS,
                lowest=-math.inf if kind == "kvd" else 0.0,
            )
            if role not in identical
            else _nothing(role, sets)
            for role, clips in sets.roles.items()
        )
        warnings = [
            f"{role} clips are the real ones, pixel for pixel: the distance is 0 by definition"
            for role in sorted(identical)
        ]
        if num_vectors <= net.num_features and kind != "kvd":
            warnings.append(_too_few(num_vectors, net.num_features, per_frame=kind == "fid"))
        if kind == "kvd" and num_vectors > MAX_ROWS:
            warnings.append(f"no interval: {num_vectors} clips are too many for draws of pairs")
        made = next(value.value for value in values if value.role == "synthetic")
        spread = float(real.flatten(0, 1).double().var(0).sum())
        if kind != "kvd" and "synthetic" not in identical and made <= IDENTICAL * spread:
            warnings.append("the synthetic clips are identical to the real ones for this net")
        records.append(
            MetricRecord(
                id=f"{kind}-{net.id}",
                name=name,
                better="lower",
                values=values,
                net=net.id,
                net_sha256=net.checksum,
                resize=resize_of(net.id),
                frames="from 1" if start else "all",
                seed=options.seed,
                warnings=tuple(warnings),
            )
        )
    return records


def _contents(clips: ClipCollection) -> list[str]:
    return sorted(source.content for source in clips.sources)


def _nothing(role: Role, sets: EvaluationSets) -> ValueRecord:
    """Compare a set with itself: KVD, unbiased for independent sets only, would lie below 0."""
    count = len(sets.real)
    return ValueRecord(role=role, value=0.0, num_clips=count, num_reference_clips=count)


def _too_few(num_vectors: int, num_features: int, *, per_frame: bool) -> str:
    things = "frames" if per_frame else "clips"
    return (
        f"{num_vectors} {things} are too few for a covariance in {num_features} dimensions: values "
        "are biased upwards; compare them with the references beside them only, which have the "
        "same n"
    )


def _distance(
    kind: DistanceKind, real: ClipFeatures, other: ClipFeatures
) -> Callable[[Items, Items], float]:
    """Prepare a distance of drawn clips, with all vectors of each."""
    one, two = real.flatten(0, 1), other.flatten(0, 1)
    if kind != "kvd":
        distance = frechet_between_subsets(one, two)
    elif max(len(one), len(two)) <= MAX_ROWS:
        distance = kernel_between_subsets(one, two)
    else:
        generator = torch.Generator().manual_seed(0)
        blocks = block_kernel_distance(one, two, generator=generator)
        return lambda _ours, _theirs: blocks.value
    num_frames = real.shape[1]

    def of_clips(ours: Items, theirs: Items) -> float:
        return distance(_vectors(ours, num_frames), _vectors(theirs, num_frames))

    return of_clips


def _vectors(clips: Items, num_frames: int) -> Items:
    """Name the vectors of clips by their rows."""
    rows: Items = (clips[:, None] * num_frames + np.arange(num_frames)).reshape(-1)
    return rows
