"""All metrics of an evaluation, in the order of its table."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from sonoloop.features.dynamic_texture import DynamicTextureI3d
from sonoloop.features.frame_inception import FrameInception
from sonoloop.features.i3d import I3dKinetics400
from sonoloop.features.perceptual import Lpips
from sonoloop.recipes.evaluation.distances import DistanceKind, distance_metrics
from sonoloop.recipes.evaluation.diversity import (
    TEXTURE_SCALE,
    diversity_in_features,
    diversity_in_maps,
)
from sonoloop.recipes.evaluation.gallery import ranked_cases
from sonoloop.recipes.evaluation.motion import motion_metrics
from sonoloop.recipes.evaluation.options import EvaluateOptions, MetricName
from sonoloop.recipes.evaluation.pairs import lpips_metric, paired_metrics, pixel_metrics
from sonoloop.recipes.evaluation.sets import EvaluationSets
from sonoloop.recipes.evaluation.values import Advance
from sonoloop.report.records import CaseRecord, MetricRecord

Start = Callable[[str, int], Advance]
"""Starts a progress bar of a name and a length."""


def measure(
    sets: EvaluationSets,
    names: Sequence[MetricName],
    cache: Path,
    options: EvaluateOptions,
    start: Start,
) -> tuple[list[MetricRecord], tuple[CaseRecord, ...]]:
    """Measure all but privacy.

    Args:
        sets: What is compared.
        names: What is measured; its nets are there.
        cache: Folder of what was measured before.
        options: Files of the user's nets, seed, which frames.
        start: Starts a progress bar.

    Returns:
        Records, and the best and worst synthetic clips by the first metric of pairs.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    records = _distances(sets, names, cache, options, start, device)
    records += _diversities(sets, names, cache, options, start, device)
    if "motion" in names:
        advance = start("motion", _num_clips(sets))
        records += motion_metrics(sets, cache, options, advance)
    paired = pixel_metrics(options, names)
    if "lpips" in names:
        nets = [
            Lpips.from_weights(trunk, options.weights_dir, device=device)
            for trunk in ("alex", "vgg")
        ]
        paired = [lpips_metric(net, options) for net in nets] + paired
    found, values = paired_metrics(sets, paired, cache, options, start)
    cases: tuple[CaseRecord, ...] = ()
    if paired and values[paired[0].id]:
        higher = paired[0].better == "higher"
        ranked_by = paired[0].id
        cases = ranked_cases(sets, ranked_by, values[ranked_by], higher_is_better=higher)
    return records + found, cases


def _distances(
    sets: EvaluationSets,
    names: Sequence[MetricName],
    cache: Path,
    options: EvaluateOptions,
    start: Start,
    device: str,
) -> list[MetricRecord]:
    """Measure FVD, KVD, FVD of the paper, DTFVD and FID."""
    records: list[MetricRecord] = []
    titles: dict[DistanceKind, str] = {"fvd": "FVD", "kvd": "KVD"}
    kinds = {kind: title for kind, title in titles.items() if kind in names}
    if kinds:
        i3d = I3dKinetics400.from_weights(
            options.weights_dir, precision=options.precision, device=device
        )
        advance = start("I3D", _num_clips(sets))
        records += distance_metrics(sets, i3d, kinds, cache, options, advance)
    if "fvd-paper" in names:
        i3d = I3dKinetics400.from_weights(options.weights_dir, resize="bilinear-tf1", device=device)
        advance = start("I3D, paper", _num_clips(sets))
        records += distance_metrics(sets, i3d, {"fvd": "FVD (paper)"}, cache, options, advance)
    if "dtfvd" in names and options.dtfvd_weights is not None:
        texture = DynamicTextureI3d.from_file(
            options.dtfvd_weights, precision=options.precision, device=device
        )
        advance = start("dynamic textures", _num_clips(sets))
        records += distance_metrics(sets, texture, {"dtfvd": "DTFVD"}, cache, options, advance)
    if "fid" in names and options.inception_weights is not None:
        inception = FrameInception.from_file(options.inception_weights, device=device)
        advance = start("Inception", _num_clips(sets))
        records += distance_metrics(
            sets, inception, {"fid": "FID of frames"}, cache, options, advance
        )
    return records


def _diversities(
    sets: EvaluationSets,
    names: Sequence[MetricName],
    cache: Path,
    options: EvaluateOptions,
    start: Start,
    device: str,
) -> list[MetricRecord]:
    """Measure DIV in the features of every net that is there."""
    if "div" not in names:
        return []
    num_samples = sum(map(len, sets.samples))
    vgg = Lpips.from_weights("vgg", options.weights_dir, device=device)
    advance = start("DIV, VGG", len(sets.samples))
    found = [diversity_in_maps(sets, vgg, cache, options, advance)]
    i3d = I3dKinetics400.from_weights(
        options.weights_dir, precision=options.precision, device=device
    )
    advance = start("DIV, I3D", num_samples)
    found += [diversity_in_features(sets, i3d, "DIV (I3D)", cache, options, advance)]
    if options.dtfvd_weights is not None:
        texture = DynamicTextureI3d.from_file(
            options.dtfvd_weights, precision=options.precision, device=device
        )
        advance = start("DIV, textures", num_samples)
        title = "DIV (textures)"
        found += [
            diversity_in_features(
                sets, texture, title, cache, options, advance, scale=TEXTURE_SCALE
            )
        ]
    return [record for record in found if record is not None]


def _num_clips(sets: EvaluationSets) -> int:
    return len(sets.real) + sum(map(len, sets.roles.values()))
