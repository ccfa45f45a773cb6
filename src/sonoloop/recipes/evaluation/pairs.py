"""Metrics of clips beside the real clips they belong to: LPIPS, PSNR, SSIM, the first frame."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from sonoloop.evaluation.measurement_cache import MeasurementCache
from sonoloop.evaluation.reconstruction import psnr, ssim
from sonoloop.features.perceptual import Lpips, lpips
from sonoloop.recipes.evaluation.options import EvaluateOptions
from sonoloop.recipes.evaluation.sets import EvaluationSets
from sonoloop.recipes.evaluation.values import Advance, value_of_clips
from sonoloop.report.records import Better, MetricRecord, Role
from sonoloop.shapes import Clip


@dataclass(frozen=True)
class PairedMetric:
    """A number for every frame of a clip beside the same frame of its real one.

    Args:
        id: Names the variant.
        name: For tables.
        better: Which way is right.
        measure: (clips, real clips) -> numbers (b, t).
        frames: Which of the frames enter the mean.
        frames_said: The same in words.
        net: Feature network, if any.
        checksum: Of its weights; empty without.
        batch_size: Pairs that are measured together.
    """

    id: str
    name: str
    better: Better
    measure: Callable[[Clip, Clip], Tensor]
    frames: slice
    frames_said: str
    net: str | None = None
    checksum: str = ""
    batch_size: int = 1

    def __call__(self, *clips: Clip) -> Tensor:
        """Measure every frame of pairs of clips."""
        clip, real = clips
        return self.measure(clip, real)


def pixel_metrics(options: EvaluateOptions, names: Sequence[str]) -> list[PairedMetric]:
    """Compose PSNR and SSIM, and the fidelity of the first frame.

    Args:
        options: Whether frame 0 counts.
        names: Of "psnr", "ssim" and "motion".
    """
    frames, said = _frames(options)
    first = slice(0, 1), "0"
    metrics = {
        "psnr": PairedMetric("psnr-db", "PSNR, dB", "higher", psnr, frames, said),
        "ssim": PairedMetric("ssim", "SSIM", "higher", ssim, frames, said),
        "motion": PairedMetric(
            "first-frame-psnr-db", "First frame, PSNR in dB", "higher", psnr, *first
        ),
    }
    return [metric for name, metric in metrics.items() if name in names]


def lpips_metric(net: Lpips, options: EvaluateOptions) -> PairedMetric:
    """Compose LPIPS, frame by frame against the true frame of the same index.

    Args:
        net: Trunk and heads.
        options: Whether frame 0 counts.
    """

    def measure(clip: Clip, real: Clip) -> Tensor:
        images, others = (one[0].transpose(0, 1) for one in (clip, real))
        return lpips(images, others, net)[None]

    frames, said = _frames(options)
    return PairedMetric(
        id=net.id,
        name=f"LPIPS ({net.trunk.name})",
        better="lower",
        measure=measure,
        frames=frames,
        frames_said=said,
        net=net.id,
        checksum=net.checksum,
    )


def paired_metrics(
    sets: EvaluationSets,
    metrics: Sequence[PairedMetric],
    cache: Path,
    options: EvaluateOptions,
    start: Callable[[str, int], Advance],
) -> tuple[list[MetricRecord], dict[str, list[float]]]:
    """Measure every paired set, one clip in memory at a time.

    Args:
        sets: What is compared.
        metrics: What is measured.
        cache: Folder of numbers that are known already.
        options: Seed.
        start: Starts a progress bar of a name and a length.

    Returns:
        Records, and the synthetic clips' values by metric.
    """
    roles: list[Role] = [role for role in sets.roles if role in sets.paired]
    records, synthetic = [], {}
    for metric in metrics:
        store = MeasurementCache(cache, metric)
        advance = start(metric.name, len(sets.real) * len(roles))
        values: dict[Role, list[float]] = {}
        for role in roles:
            pairs = zip(sets.roles[role].sources, sets.real.sources, strict=True)
            rows = store.rows(list(pairs), advance)
            values[role] = rows[:, metric.frames].double().mean(1).tolist()
        synthetic[metric.id] = values.get("synthetic", [])
        records.append(
            MetricRecord(
                id=metric.id,
                name=metric.name,
                better=metric.better,
                values=tuple(
                    value_of_clips(role, found, sets.real.groups, seed=options.seed)
                    for role, found in values.items()
                ),
                net=metric.net,
                net_sha256=metric.checksum or None,
                resize=None if metric.net is None else "none, native size",
                frames=metric.frames_said,
                seed=options.seed,
            )
        )
    return records, synthetic


def _frames(options: EvaluateOptions) -> tuple[slice, str]:
    """Leave the given frame out, unless told otherwise."""
    return (slice(None), "all") if options.paper else (slice(1, None), "from 1")
