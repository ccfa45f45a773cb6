"""Which metrics can be computed: what was asked for, which nets are there, what clips allow."""

from collections.abc import Sequence
from typing import Final

from sonoloop.errors import UsageError
from sonoloop.evaluation.motion import MIN_FRAMES as MIN_MOTION_FRAMES
from sonoloop.evaluation.reconstruction import SSIM_WINDOW
from sonoloop.evaluation.resampling import Shape
from sonoloop.features.dynamic_texture import read_checkpoint as read_texture_file
from sonoloop.features.frame_inception import HOW_TO_GET_IT
from sonoloop.features.frame_inception import read_checkpoint as read_inception_file
from sonoloop.features.inflated_inception import MIN_FRAMES as MIN_I3D_FRAMES
from sonoloop.features.perceptual import MIN_SIZES
from sonoloop.features.weights import WeightState, verify
from sonoloop.recipes.evaluation.options import METRICS, EvaluateOptions, MetricName, parse_metrics

NEEDED_WEIGHTS: Final[dict[MetricName, tuple[str, ...]]] = {
    "fvd": ("i3d-kinetics-400",),
    "fvd-paper": ("i3d-kinetics-400",),
    "kvd": ("i3d-kinetics-400",),
    "lpips": ("lpips-alex", "lpips-vgg"),
    "div": ("i3d-kinetics-400", "lpips-vgg"),
}
"""Nets that 'sonoloop weights fetch' brings."""

MIN_FRAMES: Final[dict[MetricName, int]] = {
    "fvd": MIN_I3D_FRAMES,
    "fvd-paper": MIN_I3D_FRAMES,
    "kvd": MIN_I3D_FRAMES,
    "div": MIN_I3D_FRAMES,
    "motion": MIN_MOTION_FRAMES,
}
MIN_PIXELS: Final[dict[MetricName, int]] = {"lpips": max(MIN_SIZES.values()), "ssim": SSIM_WINDOW}


def choose_metrics(options: EvaluateOptions) -> tuple[tuple[MetricName, ...], list[str]]:
    """Decide what can be measured with the nets that are there.

    Args:
        options: What was asked for; nothing means all whose weights are there.

    Returns:
        Metrics, and a note on each that is left out.

    Raises:
        UsageError: If one was asked for whose weights are not there, or weights are damaged.
        UnreadableFileError: If a file of the user holds another net.
    """
    asked = None if options.metrics is None else parse_metrics(options.metrics)
    missing: dict[MetricName, str] = {}
    nets = {net for metric in asked or METRICS for net in NEEDED_WEIGHTS.get(metric, ())}
    states = {net: verify(net, options.weights_dir) for net in sorted(nets)}
    for net, state in states.items():
        if state is WeightState.DAMAGED:
            msg = (
                f"the weights of {net} are damaged or another net's (wrong SHA-256): fetch them "
                f"again with 'sonoloop weights fetch {net}'"
            )
            raise UsageError(msg)
    for metric, needed in NEEDED_WEIGHTS.items():
        absent = [net for net in needed if states.get(net) is WeightState.ABSENT]
        if absent:
            missing[metric] = f"its net is not there: 'sonoloop weights fetch {' '.join(absent)}'"
    if options.dtfvd_weights is None:
        missing["dtfvd"] = (
            "its net may not be passed on: obtain I3D_16.pth.tar from the authors of "
            "arXiv:2105.04551 and name it with --dtfvd-weights"
        )
    if options.inception_weights is None:
        missing["fid"] = f"{HOW_TO_GET_IT}: name it with --inception-weights"
    names, notes = _without(asked or METRICS, missing, is_asked=asked is not None)
    if options.dtfvd_weights is not None and {"dtfvd", "div"} & {*names}:
        read_texture_file(options.dtfvd_weights)  # now, and not after an hour of other metrics
    if options.inception_weights is not None and "fid" in names:
        read_inception_file(options.inception_weights)
    return names, notes


def leave_out_unfit(
    names: Sequence[MetricName], shape: Shape, options: EvaluateOptions
) -> tuple[tuple[MetricName, ...], list[str]]:
    """Leave out what clips are too short or too small for.

    Args:
        names: What would be measured.
        shape: Frames, height and width of all clips.
        options: Whether these metrics were asked for.

    Returns:
        Metrics, and a note on each that is left out.

    Raises:
        UsageError: If one was asked for.
    """
    num_frames, height, width = shape
    unfit: dict[MetricName, str] = {}
    for metric in names:
        if num_frames < MIN_FRAMES.get(metric, 2):
            unfit[metric] = f"clips have {num_frames} frames, it needs {MIN_FRAMES[metric]}"
        elif min(height, width) < MIN_PIXELS.get(metric, 1):
            side = MIN_PIXELS[metric]
            unfit[metric] = f"clips have {width} x {height} pixels, it needs {side} each way"
    return _without(names, unfit, is_asked=options.metrics is not None)


def _without(
    names: Sequence[MetricName], reasons: dict[MetricName, str], *, is_asked: bool
) -> tuple[tuple[MetricName, ...], list[str]]:
    """Take out what has a reason, or refuse if it was asked for."""
    notes = []
    for metric in names:
        if metric not in reasons:
            continue
        if is_asked:
            msg = f"{metric} cannot be computed: {reasons[metric]}"
            raise UsageError(msg)
        notes.append(f"{metric} was left out: {reasons[metric]}")
    return tuple(metric for metric in names if metric not in reasons), notes
