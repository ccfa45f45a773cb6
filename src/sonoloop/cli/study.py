"""``sonoloop study``: whether synthetic video helps a classifier, and compared with what."""

from pathlib import Path

from sonoloop.recipes.study_options import StudyOptions


def study(
    *,
    data: Path,
    out: Path,
    options: StudyOptions,
    label: str = "label",
    classes: tuple[str, ...] = (),
    stills: Path | None = None,
    source: tuple[str, ...] = (),
    plan: bool = False,
) -> None:
    """Train classifiers on real, synthetic and control clips, and compare them out of fold.

    Some training patients give videos, of the others only first frames are used: the situation of
    few videos and many stills, with an upper bound, because those patients' videos exist. The plan
    and what it costs are printed first. Run the same command again to go on, or with more arms,
    seeds, classifiers or folds to add them.

    Args:
        data: Folder that "sonoloop data prepare" wrote; all its sides are used.
        out: Folder of the study: tables, cells, generators.
        options: Which trainings, and how.
        label: Column that holds the classes: label, or one of the manifest.
        classes: Values joined into two classes, such as --classes benign=0 malignant=1,2; the
            second is positive. Without it the label must have two values.
        stills: Dataset with labelled stills to move; by default first frames of training patients.
        source: Clips of other generators as NAME=DIR, with a manifest.csv (docs/study.md); each
            becomes an arm.
        plan: Print plan and cost, and stop.
    """
    from sonoloop.recipes import study as recipe  # noqa: PLC0415 - imports torch: seconds

    recipe.study(
        data,
        out,
        options,
        label=label,
        classes=classes,
        stills=stills,
        sources=source,
        plan_only=plan,
    )
