"""A study's plots: every arm with its interval, and what is gained with fewer real videos."""

from collections.abc import Iterator, Sequence
from typing import Final

from sonoloop.report.audit_record import IntervalRecord
from sonoloop.report.gain_plot import Kind as GainKind
from sonoloop.report.gain_plot import Series, gain_plot
from sonoloop.report.interval_plot import IntervalRow, Kind, interval_plot
from sonoloop.report.markup import Markup
from sonoloop.report.standalone_svg import standalone
from sonoloop.report.study_record import ResultRecord, StudyRecord

SHORT_NAMES: Final = {
    "a": "a real",
    "b": "b augmented",
    "c": "c repeated",
    "d": "d stills",
    "e": "e warped stills",
    "f": "f images",
    "g": "g random latent",
    "h": "h cINN",
    "i": "i LDDM",
    "i-any": "i-any LDDM",
    "j": "j LDDM, shuffled",
    "k": "k true videos",
    "k-decoded": "k-decoded",
    "h-only": "h-only cINN",
    "i-only": "i-only LDDM",
}
"""What fits beside a plot; sources from elsewhere have their own names."""

GENERATED: Final = {"h", "i", "i-any", "j", "h-only", "i-only"}
CURVES: Final[dict[str, tuple[str, GainKind]]] = {
    "i": ("LDDM", "synthetic"),
    "h": ("cINN", "reconstructed"),
    "k": ("true videos", "reference"),
}
"""Arms of the learning curve -> name and colour; sources from elsewhere join them."""

CHANCE: Final = 0.5


def arm_plots(result: ResultRecord) -> list[Markup]:
    """Draw the AUROC of every arm, and what it gains over (b).

    Args:
        result: Of one classifier at one ratio.
    """
    where = f"{result.model}, ratio {result.ratio:g}"
    aurocs = [_row(arm.arm, arm.auroc) for arm in result.arms]
    gains = [_row(arm, gain) for arm, gain in result.gains().items()]
    return [
        interval_plot(f"AUROC: {where}", "out of fold, dashed: chance", aurocs, target=CHANCE),
        interval_plot(f"Gain over (b): {where}", "AUROC, dashed: none", gains, target=0.0),
    ]


def learning_plots(results: Sequence[ResultRecord]) -> dict[str, Markup]:
    """Draw gains against the number of real videos, for classifiers with several ratios.

    Args:
        results: Of all classifiers and ratios.

    Returns:
        A plot by classifier.
    """
    plots = {}
    for model in dict.fromkeys(result.model for result in results):
        own = [result for result in results if result.model == model]
        found = {arm: name for result in own for arm, name in _curves(result)}
        known = {arm: found[arm] for arm in (*CURVES, *found) if arm in found}
        series = [
            Series(
                *known[arm],
                [(one.real_videos, gain) for one in own if (gain := one.gains().get(arm))],
            )
            for arm in known
        ]
        if len(own) > 1:
            title = f"Gain in AUROC over (b): {model}"
            plots[model] = gain_plot(title, "real training videos", series)
    return {model: plot for model, plot in plots.items() if plot}


def study_plots(record: StudyRecord) -> dict[str, str]:
    """Draw all plots of a study as files.

    Args:
        record: What was found.

    Returns:
        SVG documents by name of file.
    """
    files = {
        curve_file(model): standalone(plot)
        for model, plot in learning_plots(record.results).items()
    }
    for result in record.results:
        for name, plot in zip(arm_files(result), arm_plots(result), strict=True):
            if plot:
                files[name] = standalone(plot)
    return files


def curve_file(model: str) -> str:
    """Name the file of a learning curve."""
    return f"curve-{model}.svg"


def arm_files(result: ResultRecord) -> tuple[str, str]:
    """Name the files of the plots of a classifier at a ratio."""
    where = f"{result.model}-{result.ratio:g}"
    return f"auroc-{where}.svg", f"gain-{where}.svg"


def _curves(result: ResultRecord) -> Iterator[tuple[str, tuple[str, GainKind]]]:
    for arm in result.gains():
        if arm in CURVES:
            yield arm, CURVES[arm]
        elif arm not in SHORT_NAMES:
            yield arm, (arm, "paper")


def _row(arm: str, value: IntervalRecord) -> IntervalRow:
    kind: Kind = "reference"
    if arm not in SHORT_NAMES:
        kind = "paper"
    elif arm in GENERATED:
        kind = "synthetic"
    estimate, low, high = (round(one, 3) for one in (value.estimate, value.low, value.high))
    return IntervalRow(SHORT_NAMES.get(arm, arm), estimate, low, high, kind)
