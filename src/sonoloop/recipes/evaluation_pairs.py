"""Metrics of clips beside the real clips they belong to: LPIPS, PSNR, SSIM, motion, DIV."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from sonoloop.errors import SonoloopError
from sonoloop.evaluation.clip_sets import ClipSource
from sonoloop.evaluation.diversity import diversity
from sonoloop.evaluation.intervals import Items, mean_interval, subsampling_interval
from sonoloop.evaluation.motion import ClipMotion, clip_motion, compare_motion, first_frame_fidelity
from sonoloop.evaluation.reconstruction import psnr, ssim
from sonoloop.features.perceptual import Lpips, diversity_taps
from sonoloop.recipes.evaluate_options import EvaluateOptions
from sonoloop.recipes.evaluation_sets import EvaluationSets
from sonoloop.report.records import Better, MetricRecord, Role, ValueRecord
from sonoloop.shapes import Clip

Measure = Callable[[Clip, Clip], float]
"""A clip and the real one -> a number."""


@dataclass(frozen=True)
class PairedMetric:
    """A number for every clip beside its real one.

    Args:
        id: Names the variant.
        name: For tables.
        better: Which way is right.
        measure: Computes it.
        net: Feature network, if any.
        net_sha256: Checksum of its weights.
        frames: Which frames enter.
    """

    id: str
    name: str
    better: Better
    measure: Measure
    net: str | None = None
    net_sha256: str | None = None
    frames: str = "1-15"


def pixel_metrics(options: EvaluateOptions, names: Sequence[str]) -> list[PairedMetric]:
    """Compose PSNR and SSIM, and the fidelity of the first frame.

    Args:
        options: Whether frame 0 counts.
        names: Of "psnr", "ssim" and "motion".
    """
    start = 0 if options.paper else 1
    frames = "all" if options.paper else "from 1"
    metrics = []
    if "psnr" in names:
        metrics.append(
            PairedMetric(
                "psnr-db",
                "PSNR, dB",
                "higher",
                lambda v, r: _mean(psnr(v, r), start),
                frames=frames,
            )
        )
    if "ssim" in names:
        metrics.append(
            PairedMetric(
                "ssim", "SSIM", "higher", lambda v, r: _mean(ssim(v, r), start), frames=frames
            )
        )
    if "motion" in names:
        metrics.append(
            PairedMetric(
                "first-frame-psnr-db",
                "First frame, PSNR in dB",
                "higher",
                lambda v, r: float(first_frame_fidelity(v, r[:, :, 0])[0]),
                frames="0",
            )
        )
    return metrics


def lpips_metric(net: Lpips, options: EvaluateOptions) -> PairedMetric:
    """Compose LPIPS, frame by frame against the true frame of the same index."""
    start = 0 if options.paper else 1

    def measure(clip: Clip, real: Clip) -> float:
        images, others = (one[0, :, start:].transpose(0, 1) for one in (clip, real))
        with torch.inference_mode():
            return float(net(images, others).mean())

    return PairedMetric(
        id=net.id,
        name=f"LPIPS ({net.trunk.name})",
        better="lower",
        measure=measure,
        net=net.id,
        net_sha256=net.checksum,
        frames="all" if options.paper else "from 1",
    )


def paired_metrics(
    sets: EvaluationSets,
    metrics: Sequence[PairedMetric],
    options: EvaluateOptions,
    advance: Callable[[int], None],
) -> tuple[list[MetricRecord], dict[str, list[float]]]:
    """Measure every paired set, one clip in memory at a time.

    Args:
        sets: What is compared.
        metrics: What is measured.
        options: Seed.
        advance: Called with the number of clips done.

    Returns:
        Records, and the synthetic clips' values by metric.
    """
    roles: list[Role] = [role for role in sets.roles if role in sets.paired]
    values: dict[tuple[str, Role], list[float]] = {
        (metric.id, role): [] for metric in metrics for role in roles
    }
    for number, source in enumerate(sets.real.sources):
        real = source.clip()
        for role in roles:
            clip = sets.roles[role].sources[number].clip()
            for metric in metrics:
                values[metric.id, role].append(metric.measure(clip, real))
            advance(1)
    records = [
        MetricRecord(
            id=metric.id,
            name=metric.name,
            better=metric.better,
            values=tuple(
                _mean_record(role, values[metric.id, role], sets.real.groups, options.seed)
                for role in roles
            ),
            net=metric.net,
            net_sha256=metric.net_sha256,
            resize=None if metric.net is None else "none, native size",
            frames=metric.frames,
            seed=options.seed,
        )
        for metric in metrics
    ]
    return records, {metric.id: values.get((metric.id, "synthetic"), []) for metric in metrics}


def motion_metrics(
    sets: EvaluationSets, options: EvaluateOptions, advance: Callable[[int], None]
) -> list[MetricRecord]:
    """Compare how much, how smoothly and how orderly clips move.

    Args:
        sets: What is compared.
        options: Seed.
        advance: Called with the number of clips done.
    """

    def measured(sources: Sequence[ClipSource]) -> ClipMotion:
        parts = []
        for source in sources:
            parts.append(clip_motion(source.clip()))
            advance(1)
        return ClipMotion.joined(parts)

    real = measured(sets.real.sources)
    motions = {role: measured(clips.sources) for role, clips in sets.roles.items()}
    figures: dict[str, tuple[str, Better]] = {
        "energy_ratio": ("Temporal energy / real", "one"),
        "flow_distance_px": ("Flow distance, pixels", "zero"),
        "flicker_ratio": ("Flicker / real", "one"),
        "shuffle_ratio": ("Order of frames / real", "one"),
    }
    records = []
    for figure, (name, better) in figures.items():
        values = []
        for role, motion in motions.items():

            def statistic(
                drawn: Sequence[Items], motion: ClipMotion = motion, figure: str = figure
            ) -> float:
                ours, theirs = (torch.from_numpy(items) for items in drawn)
                return float(
                    getattr(compare_motion(real.drawn(ours), motion.drawn(theirs)), figure)
                )

            low = high = None
            groups = [sets.real.groups, sets.roles[role].groups]
            try:
                interval = subsampling_interval(statistic, groups, seed=options.seed)
                value, low, high = interval.estimate, interval.low, interval.high
            except SonoloopError:  # too few patients for an interval
                value = float(getattr(compare_motion(real, motion), figure))
            if value == value and abs(value) != float("inf"):  # noqa: PLR0124 - not a number
                values.append(
                    ValueRecord(
                        role=role,
                        value=value,
                        low=low,
                        high=high,
                        num_clips=len(sets.roles[role]),
                        num_reference_clips=len(sets.real),
                    )
                )
        records.append(
            MetricRecord(
                id=f"motion-{figure.replace('_', '-')}",
                name=name,
                better=better,
                values=tuple(values),
                frames="all",
                seed=options.seed,
            )
        )
    return records


def diversity_metric(
    sets: EvaluationSets, net: Lpips, options: EvaluateOptions, advance: Callable[[int], None]
) -> MetricRecord | None:
    """Measure how far samples of one still are apart in the maps of VGG16 (DIV).

    Args:
        sets: With at least 2 samples of some stills.
        net: LPIPS with the trunk VGG16; its heads are not used.
        options: Seed.
        advance: Called with the number of clips done.

    Returns:
        None where no still has 2 samples.
    """
    values: list[float] = []
    groups: list[str] = []
    for source, samples in zip(sets.real.sources, sets.samples, strict=False):
        if len(samples) < 2:  # noqa: PLR2004 - diversity of one
            continue
        taps: list[list[torch.Tensor]] = []
        for sample in samples:
            frames = sample.clip()[0].transpose(0, 1)
            with torch.inference_mode():
                maps = diversity_taps(frames, net.trunk)
            taps.append([one.flatten() for one in maps])
        levels = [torch.stack(level)[None] for level in zip(*taps, strict=True)]
        values.append(sum(float(diversity(level)[0]) for level in levels) / len(levels))
        groups.append(source.group)
        advance(1)
    if not values:
        return None
    record = _mean_record("synthetic", values, groups, options.seed)
    return MetricRecord(
        id="div-vgg16",
        name="DIV (VGG)",
        better="higher",
        values=(record,),
        net=f"{net.id} (trunk)",
        net_sha256=net.checksum,
        resize="bilinear to 224, after normalisation",
        frames="all",
        seed=options.seed,
    )


def _mean(values: torch.Tensor, start: int) -> float:
    return float(values[:, start:].mean())


def _mean_record(
    role: Role, values: Sequence[float], groups: Sequence[str], seed: int
) -> ValueRecord:
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
