"""DIV: how far the clips made from one still are apart, in the features of three nets."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from sonoloop.evaluation.clip_sets import ClipSource
from sonoloop.evaluation.diversity import MIN_SAMPLES, diversity
from sonoloop.evaluation.measurement_cache import MeasurementCache
from sonoloop.features.extractor import FeatureExtractor, resize_of
from sonoloop.features.perceptual import Lpips, diversity_taps
from sonoloop.recipes.evaluation.distances import NetFeatures
from sonoloop.recipes.evaluation.options import EvaluateOptions
from sonoloop.recipes.evaluation.sets import EvaluationSets
from sonoloop.recipes.evaluation.values import Advance, value_of_clips
from sonoloop.report.records import MetricRecord
from sonoloop.shapes import Clip

PROTOCOL_SAMPLES: Final = 5
"""Samples a still in the cINN's evaluation."""

TEXTURE_SCALE: Final = 1000.0
"""The cINN's script multiplies DIV of dynamic textures by this."""


@dataclass(frozen=True)
class VggDiversity:
    """DIV of the clips of one still in the five maps of VGG16, as a row that can be kept.

    Frame by frame: the maps of all frames of five clips would take 2 GB.

    Args:
        net: LPIPS with the trunk VGG16; its heads are not used.
    """

    net: Lpips
    batch_size: int = 1

    @property
    def id(self) -> str:
        """Name of the net and what is done with it."""
        return "div-vgg16-relu1_2-to-5_3/bilinear-224"

    @property
    def checksum(self) -> str:
        """SHA-256 of its weights."""
        return self.net.checksum

    def __call__(self, *clips: Clip) -> Tensor:
        """Measure the samples of one still: a number for each map."""
        samples = torch.cat(clips).to(self.net.heads[0].device)
        frames = []
        for images in samples.unbind(2):
            with torch.inference_mode():
                maps = diversity_taps(images, self.net.trunk)
            frames.append(torch.cat([diversity(level[None]) for level in maps]))
        return torch.stack(frames).mean(0)[None]


def diversity_in_maps(
    sets: EvaluationSets, net: Lpips, cache: Path, options: EvaluateOptions, advance: Advance
) -> MetricRecord | None:
    """Measure DIV in the maps of VGG16, mean over levels.

    Args:
        sets: With at least 2 samples of some stills.
        net: LPIPS with the trunk VGG16.
        cache: Folder of numbers that are known already.
        options: Seed.
        advance: Called with the number of stills done.

    Returns:
        None where no still has 2 samples.
    """
    stills = _with_samples(sets)
    if not stills:
        return None
    store = MeasurementCache(cache, VggDiversity(net))
    values = store.rows([samples for _, samples in stills], advance).mean(1).tolist()
    groups = [group for group, _ in stills]
    return MetricRecord(
        id="div-vgg16",
        name="DIV (VGG)",
        better="higher",
        values=(value_of_clips("synthetic", values, groups, seed=options.seed),),
        net=f"{net.id} (trunk)",
        net_sha256=net.checksum,
        resize="bilinear to 224, after normalisation",
        frames="all",
        seed=options.seed,
        warnings=_few_samples(stills),
    )


def diversity_in_features(
    sets: EvaluationSets,
    net: FeatureExtractor,
    name: str,
    cache: Path,
    options: EvaluateOptions,
    advance: Advance,
    *,
    scale: float = 1.0,
) -> MetricRecord | None:
    """Measure DIV in the features of a net that sees whole clips.

    Args:
        sets: With at least 2 samples of some stills.
        net: I3D of Kinetics-400 or of dynamic textures.
        name: For tables.
        cache: Folder of features that are known already.
        options: Seed.
        advance: Called with the number of clips done.
        scale: Factor of the mean squared difference.

    Returns:
        None where no still has 2 samples.
    """
    stills = _with_samples(sets)
    if not stills:
        return None
    everything = [sample for _, samples in stills for sample in samples]
    features = NetFeatures(net).of(everything, cache, advance)[:, 0]
    parts = torch.split(features, [len(samples) for _, samples in stills])
    values = [scale * float(diversity(part[None])[0]) for part in parts]
    groups = [group for group, _ in stills]
    return MetricRecord(
        id=f"div-{net.id}",
        name=name,
        better="higher",
        values=(value_of_clips("synthetic", values, groups, seed=options.seed),),
        net=net.id,
        net_sha256=net.checksum,
        resize=resize_of(net.id),
        frames="all",
        seed=options.seed,
        warnings=_few_samples(stills),
    )


def _few_samples(stills: list[tuple[str, tuple[ClipSource, ...]]]) -> tuple[str, ...]:
    """Say so where the protocol has more samples a still: the mean is the same, its spread not."""
    fewest = min(len(samples) for _, samples in stills)
    if fewest >= PROTOCOL_SAMPLES:
        return ()
    return (f"from {fewest} samples a still, the published protocol has {PROTOCOL_SAMPLES}",)


def _with_samples(sets: EvaluationSets) -> list[tuple[str, tuple[ClipSource, ...]]]:
    """Return group and samples of every still that has a pair of them."""
    return [
        (source.group, samples)
        for source, samples in zip(sets.real.sources, sets.samples, strict=False)
        if len(samples) >= MIN_SAMPLES
    ]
