"""``sonoloop adapt``: the bundled model learns your own few videos."""

from pathlib import Path
from typing import Literal


def adapt(
    videos: tuple[Path, ...],
    /,
    *,
    out: Path,
    minutes: float = 5.0,
    model: str = "default",
    stage_1: Literal["keep", "adapt"] = "keep",
    name: str | None = None,
    label_column: str | None = None,
) -> int:
    """Fine-tune a model on your own few videos, check it on some held out, and export it.

    A dozen videos of the organ and device you work with are a start. Some are held out, by
    patient, to tell you whether the new model is better than the old one. Run the same command
    again to go on after an interruption.

    Args:
        videos: Videos, folders of them or manifests, as "sonoloop data prepare" takes them.
        out: Folder for the model. Beside it, in a folder of this name with "-work" behind it, lie
            the videos' frames and the trainings.
        minutes: Time for training.
        model: Name of a bundled model or a model folder to start from.
        stage_1: "keep" leaves all of the time to stage 2, which learns how things move; "adapt"
            spends most on stage 1, for organs that look like nothing the model knows.
        name: What manifests call the new model; by default the name of the folder.
        label_column: Column of the label in a manifest, "none" for no labels; by default "label".
    """
    from sonoloop.recipes import adapt as recipe  # noqa: PLC0415 - imports torch: seconds

    recipe.adapt(
        videos,
        out,
        minutes=minutes,
        model=model,
        stage_1=stage_1,
        name=name,
        label_column=label_column,
    )
    return 0
