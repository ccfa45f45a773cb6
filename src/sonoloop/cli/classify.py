"""``sonoloop classify``: classes of videos, learnt and predicted."""

from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from sonoloop.cli.repeatable import Repeatable, flat
from sonoloop.recipes.classify_options import ClassifyOptions, SplitChoice
from sonoloop.training.interruption import exit_status


def train(
    dataset: Path,
    /,
    *,
    out: Path,
    options: ClassifyOptions,
    label: str = "label",
    classes: Annotated[Repeatable[str], arg(metavar="NAME=VALUE,VALUE ...")] = (),
    max_seconds: float | None = None,
    resume: bool = False,
) -> int:
    """Train a classifier on a dataset's training side, measured on its validation side.

    Args:
        dataset: Folder written by "sonoloop data prepare".
        out: Run folder to write: config, log, checkpoints.
        options: Which network learns what, how.
        label: Column of the dataset's index that holds the classes; manifest columns too.
        classes: Values joined into classes, such as --classes benign=0 malignant=1,2; videos with
            other values are left out. Without it every value is a class.
        max_seconds: Stop with a checkpoint after this many seconds.
        resume: Go on with the run that --out holds.

    Returns:
        Exit status: 0, 130 after Ctrl-C or 143 after SIGTERM, both with a checkpoint.
    """
    from sonoloop.recipes.train_classifier import train_classifier  # noqa: PLC0415 (torch)

    outcome = train_classifier(
        dataset,
        out,
        options,
        label=label,
        classes=flat(classes),
        resume=resume,
        max_seconds=max_seconds,
    )
    return exit_status(outcome.stopped_by)


def predict(run: Path, videos: Path, /, *, out: Path, split: SplitChoice = "test") -> int:
    """Write the probability of each class for each video of a dataset or folder.

    Args:
        run: Run folder of "sonoloop classify train".
        videos: Dataset folder, or folder of clips of any origin (mp4, gif, npy, DICOM).
        out: CSV file to write, one row per video.
        split: Which side of a dataset.

    Returns:
        0, or 1 where files had to be skipped.
    """
    from rich.console import Console  # noqa: PLC0415 (--help needs none of this)

    from sonoloop.recipes.predict_classes import predict_classes  # noqa: PLC0415
    from sonoloop.report.words import counted  # noqa: PLC0415

    result = predict_classes(run, videos, out, split=split)
    console = Console(stderr=True, highlight=False)
    console.print(f"{out}: {counted(result.num_videos, 'video')}", markup=False, soft_wrap=True)
    if result.figures:
        figures = ", ".join(f"{name} {value:.3f}" for name, value in result.figures.items())
        console.print(f"against their labels: {figures}", markup=False, soft_wrap=True)
    if result.missing:
        console.print(
            f"no figures: none of these videos is labelled {' or '.join(result.missing)}",
            markup=False,
            soft_wrap=True,
        )
    return 1 if result.failures else 0
