"""Judge synthetic clips beside real ones, whoever made them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import Progress

from sonoloop import __version__
from sonoloop.atomic_files import write_atomically
from sonoloop.errors import UsageError
from sonoloop.evaluation.clip_sets import ClipCollection
from sonoloop.features.dynamic_texture import DynamicTextureI3d
from sonoloop.features.i3d import I3dKinetics400
from sonoloop.features.perceptual import Lpips
from sonoloop.features.weights import WeightState, verify
from sonoloop.recipes.evaluate_options import METRICS, EvaluateOptions, MetricName, parse_metrics
from sonoloop.recipes.evaluation_distances import distance_metrics
from sonoloop.recipes.evaluation_gallery import ranked_cases, write_gallery
from sonoloop.recipes.evaluation_pairs import (
    diversity_metric,
    lpips_metric,
    motion_metrics,
    paired_metrics,
    pixel_metrics,
)
from sonoloop.recipes.evaluation_privacy import measure_privacy
from sonoloop.recipes.evaluation_sets import EvaluationSets, open_sets
from sonoloop.recipes.evaluation_table import print_table
from sonoloop.report.records import (
    RECORD_FILE,
    CaseRecord,
    ClipSetRecord,
    EvaluationRecord,
    MetricRecord,
    record_json,
)

NEEDED_WEIGHTS: dict[MetricName, tuple[str, ...]] = {
    "fvd": ("i3d-kinetics-400",),
    "fvd-paper": ("i3d-kinetics-400",),
    "kvd": ("i3d-kinetics-400",),
    "lpips": ("lpips-alex", "lpips-vgg"),
    "div": ("lpips-vgg",),
}
Advance = Callable[[int], None]


def evaluate(
    real: Path,
    synthetic: Path,
    out: Path,
    options: EvaluateOptions,
    *,
    console: Console | None = None,
) -> EvaluationRecord:
    """Measure synthetic clips and write the record, a table and a gallery.

    Args:
        real: Folder of clips, or prepared dataset.
        synthetic: Folder of clips.
        out: Folder of the evaluation.
        options: What is measured.
        console: Where to report; None takes the terminal.

    Returns:
        What was found, as ``evaluation.json`` in ``out`` holds it.

    Raises:
        UsageError: If sets or weights cannot be used.
    """
    console = console or Console()
    names, notes = choose_metrics(options)
    sets = open_sets(real, synthetic, options)
    count = sum(map(len, sets.roles.values())) + len(sets.real)
    with Progress(console=console) as progress:
        bars = _Bars(progress, count)
        records, cases = _measure(sets, names, out, options, bars)
        privacy = None
        if "privacy" in names:
            advance = bars.start("privacy", len(sets.synthetic) + len(sets.real))
            privacy = measure_privacy(sets, out, options, advance)
    notes += sets.notes
    if isinstance(privacy, str):
        notes.append(privacy)
        privacy = None
    record = EvaluationRecord(
        title=options.title or f"{synthetic.name} against {real.name}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        software=f"sonoloop {__version__}, torch {torch.__version__}",
        settings={
            name: value if isinstance(value, bool | int | float | None) else str(value)
            for name, value in (asdict(options) | {"metrics": ",".join(names)}).items()
        },
        real=_describe(sets.real),
        synthetic=_describe(sets.synthetic),
        metrics=tuple(records),
        cases=cases,
        loops=write_gallery(sets, cases, out),
        privacy=privacy,
        notes=tuple(dict.fromkeys(notes)),
    )
    write_atomically(out / RECORD_FILE, record_json(record).encode())
    print_table(record, console)
    console.print(f"record and loops in {out}", highlight=False, markup=False, soft_wrap=True)
    return record


def choose_metrics(options: EvaluateOptions) -> tuple[tuple[MetricName, ...], list[str]]:
    """Decide what can be measured.

    Args:
        options: What was asked for; nothing means all whose weights are there.

    Returns:
        Metrics, and a note on each that is left out.

    Raises:
        UsageError: If one was asked for whose weights are not there.
    """
    asked = None if options.metrics is None else parse_metrics(options.metrics)
    missing: dict[MetricName, str] = {}
    for metric, nets in NEEDED_WEIGHTS.items():
        absent = [net for net in nets if verify(net, options.weights_dir) is not WeightState.READY]
        if absent:
            missing[metric] = f"its net is not there: 'sonoloop weights fetch {' '.join(absent)}'"
    if options.dtfvd_weights is None:
        missing["dtfvd"] = (
            "its net may not be passed on: obtain I3D_16.pth.tar from the authors of "
            "arXiv:2105.04551 and name it with --dtfvd-weights"
        )
    if asked is None:
        left_out = [f"{metric} was left out, {reason}" for metric, reason in missing.items()]
        return tuple(metric for metric in METRICS if metric not in missing), left_out
    for metric in asked:
        if metric in missing:
            msg = f"{metric} cannot be computed: {missing[metric]}"
            raise UsageError(msg)
    return asked, []


class _Bars:
    """One progress bar for each thing that is measured."""

    def __init__(self, progress: Progress, count: int) -> None:
        self._progress, self._count = progress, count

    def start(self, name: str, count: int | None = None) -> Advance:
        task = self._progress.add_task(name, total=self._count if count is None else count)
        return lambda done: self._progress.advance(task, done)


def _measure(
    sets: EvaluationSets,
    names: Sequence[MetricName],
    out: Path,
    options: EvaluateOptions,
    bars: _Bars,
) -> tuple[list[MetricRecord], tuple[CaseRecord, ...]]:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    cache = options.cache or out / "features"
    records: list[MetricRecord] = []
    kinds = {kind: kind.upper() for kind in ("fvd", "kvd") if kind in names}
    if kinds:
        i3d = I3dKinetics400.from_weights(options.weights_dir, device=device)
        records += distance_metrics(sets, i3d, kinds, cache, options, bars.start("I3D"))
    if "fvd-paper" in names:
        i3d = I3dKinetics400.from_weights(options.weights_dir, resize="bilinear-tf1", device=device)
        advance = bars.start("I3D, paper")
        records += distance_metrics(sets, i3d, {"fvd": "FVD (paper)"}, cache, options, advance)
    if "dtfvd" in names and options.dtfvd_weights is not None:
        texture = DynamicTextureI3d.from_file(options.dtfvd_weights, device=device)
        advance = bars.start("dynamic textures")
        records += distance_metrics(sets, texture, {"fvd": "DTFVD"}, cache, options, advance)
    if "motion" in names:
        records += motion_metrics(sets, options, bars.start("motion"))
    paired = pixel_metrics(options, names)
    if "lpips" in names:
        nets = (Lpips.from_weights(trunk, options.weights_dir) for trunk in ("alex", "vgg"))
        paired = [lpips_metric(net, options) for net in nets] + paired
    cases: tuple[CaseRecord, ...] = ()
    if paired:
        count = len(sets.real) * len(sets.paired & sets.roles.keys())
        found, values = paired_metrics(sets, paired, options, bars.start("pairs", count))
        records += found
        ranked_by = paired[0]
        if values[ranked_by.id]:
            higher = ranked_by.better == "higher"
            cases = ranked_cases(sets, ranked_by.id, values[ranked_by.id], higher_is_better=higher)
    if "div" in names:
        vgg = Lpips.from_weights("vgg", options.weights_dir)
        advance = bars.start("diversity", len(sets.samples))
        diversity = diversity_metric(sets, vgg, options, advance)
        records += [] if diversity is None else [diversity]
    return records, cases


def _describe(clips: ClipCollection) -> ClipSetRecord:
    shapes = [source.shape for source in clips.sources]
    rates = [source.frame_rate_hz for source in clips.sources if source.frame_rate_hz]
    return ClipSetRecord(
        path=clips.path.name,
        num_clips=len(clips),
        num_groups=len(set(clips.groups)),
        num_frames=shapes[0][0],
        height=shapes[0][1],
        width=shapes[0][2],
        frame_rate_hz=rates[0] if rates else None,
        failures=clips.failures,
        notes=clips.notes,
    )
