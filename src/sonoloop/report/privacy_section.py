"""How near synthetic clips come to training clips: share, attack, and the nearest to look at."""

from sonoloop.report.gallery import Files, gallery
from sonoloop.report.interval_plot import IntervalRow, interval_plot
from sonoloop.report.markup import Markup, element, join
from sonoloop.report.records import PrivacyRecord
from sonoloop.report.tables import bullets
from sonoloop.report.words import counted, interval, number

CHANCE = 0.5


def privacy_section(privacy: PrivacyRecord | None, files: Files) -> Markup:
    """Show what was found, or that nothing was looked for.

    Args:
        privacy: Measurements; None where there are none.
        files: Loops of the nearest pairs.
    """
    if privacy is None:
        sentence = (
            "Not measured: nothing here says that the synthetic clips are free of training clips."
        )
        return element("p", sentence, class_="missing")
    near = round(privacy.share_above * privacy.num_clips)
    meaning = (
        f" of {counted(privacy.num_clips, 'synthetic clip')} ({near}) come nearer to a training "
        f"clip than the threshold {number(privacy.threshold)}, which 95 % of training clips stay "
        "below to every held-out clip"
    )
    told = [
        join([element("b", f"{100 * privacy.share_above:.3g} %"), meaning]),
        f"embedding: {privacy.embedding}",
        _attack(privacy),
        *privacy.notes,
    ]
    parts = [bullets(told)]
    if privacy.attack_auroc is not None:
        row = IntervalRow(
            "Attack", privacy.attack_auroc, privacy.attack_low, privacy.attack_high, "synthetic"
        )
        plot = interval_plot(
            "AUROC of the membership attack", "0.5 is chance", [row], target=CHANCE
        )
        parts.append(element("div", plot, class_="charts"))
    if privacy.nearest:
        parts += [
            element("h4", "Nearest to a training clip"),
            gallery(privacy.nearest, files, real="training clip"),
        ]
    return join(parts)


def _attack(privacy: PrivacyRecord) -> str:
    if privacy.attack_auroc is None:
        return "membership attack: not measured"
    bracket = interval(privacy.attack_low, privacy.attack_high) or "no interval"
    return (
        f"membership attack on patients: AUROC {number(privacy.attack_auroc)} {bracket}; "
        "0.5 is chance, 1 tells every training patient"
    )
