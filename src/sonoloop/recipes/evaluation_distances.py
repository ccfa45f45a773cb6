"""Distances between sets of clips in the features of a frozen net: FVD, KVD, DTFVD."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.errors import SonoloopError
from sonoloop.evaluation.clip_sets import ClipCollection
from sonoloop.evaluation.feature_cache import FeatureCache
from sonoloop.evaluation.frechet import frechet_distance_of_features
from sonoloop.evaluation.intervals import Items, subsampling_interval
from sonoloop.evaluation.kvd import kernel_distance
from sonoloop.features.extractor import FeatureExtractor
from sonoloop.recipes.evaluate_options import EvaluateOptions
from sonoloop.recipes.evaluation_sets import EvaluationSets
from sonoloop.report.records import MetricRecord, Role, ValueRecord

Features = Float[Tensor, "n features"]
SetDistance = Callable[[Features, Features], float]
IDENTICAL = 1e-6
"""Distance, as a share of the real features' variance, that rounding explains."""
DISTANCES: dict[str, SetDistance] = {
    "fvd": frechet_distance_of_features,
    "kvd": kernel_distance,
}


def distance_metrics(
    sets: EvaluationSets,
    extractor: FeatureExtractor,
    kinds: dict[str, str],
    cache: Path,
    options: EvaluateOptions,
    advance: Callable[[int], None],
) -> list[MetricRecord]:
    """Compare every set with the real clips in the features of one net.

    Args:
        sets: What is compared.
        extractor: The net.
        kinds: Distances ("fvd", "kvd") and what tables call them.
        cache: Folder of features that are known already.
        options: Seed.
        advance: Called with the number of clips done.
    """
    store = FeatureCache(cache, extractor)
    real = store.features(sets.real.sources, advance)
    features = {role: store.features(clips.sources, advance) for role, clips in sets.roles.items()}
    records = []
    for kind, name in kinds.items():
        values = tuple(
            _value(DISTANCES[kind], real, features[role], sets.real, clips, role, options.seed)
            for role, clips in sets.roles.items()
        )
        warnings = []
        if len(real) <= extractor.num_features and kind == "fvd":
            warnings.append(
                f"{len(real)} clips are too few for a covariance in {extractor.num_features} "
                "dimensions: values are biased upwards; compare them with the references beside "
                "them only, which have the same n"
            )
        made = next(value.value for value in values if value.role == "synthetic")
        if kind == "fvd" and made <= IDENTICAL * float(real.double().var(0).sum()):
            warnings.append("the synthetic clips are identical to the real ones for this net")
        records.append(
            MetricRecord(
                id=f"{kind}-{extractor.id}",
                name=name,
                better="lower",
                values=values,
                net=extractor.id,
                net_sha256=extractor.checksum,
                resize=extractor.id,
                frames="all",
                seed=options.seed,
                warnings=tuple(warnings),
            )
        )
    return records


def _value(
    distance: SetDistance,
    real: Features,
    other: Features,
    real_clips: ClipCollection,
    clips: ClipCollection,
    role: Role,
    seed: int,
) -> ValueRecord:
    def statistic(drawn: Sequence[Items]) -> float:
        ours, theirs = (torch.from_numpy(items) for items in drawn)
        return distance(real[ours], other[theirs])

    low = high = None
    try:
        interval = subsampling_interval(statistic, [real_clips.groups, clips.groups], seed=seed)
        value, low, high = interval.estimate, interval.low, interval.high
    except SonoloopError:  # too few patients for an interval; the value itself stands
        value = distance(real, other)
    return ValueRecord(
        role=role,
        value=value,
        low=low,
        high=high,
        num_clips=len(other),
        num_reference_clips=len(real),
    )
