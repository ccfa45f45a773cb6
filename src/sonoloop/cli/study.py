"""``sonoloop study``: whether synthetic video helps a classifier, and compared with what."""

from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from sonoloop.cli.engine import EngineName, require_ray
from sonoloop.cli.repeatable import Repeatable, flat
from sonoloop.errors import UsageError
from sonoloop.recipes.study.options import StudyOptions


def study(
    *,
    data: Path,
    out: Path,
    options: StudyOptions,
    label: str = "label",
    classes: Annotated[Repeatable[str], arg(metavar="NAME=VALUE,VALUE ...")] = (),
    stills: Path | None = None,
    source: Annotated[Repeatable[str], arg(metavar="NAME=DIR ...")] = (),
    plan: bool = False,
    engine: EngineName = "local",
    address: str | None = None,
    threads: int | None = None,
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
        engine: Where trainings run: one after the other in this process, or as many at once as fit
            on a Ray cluster (docs/scaling.md).
        address: Of the cluster, such as 10.0.0.1:6379; by default Ray starts on this machine.
        threads: CPU threads of each training, whose bytes depend on it: the same on both engines
            gives the same results. By default all cores here, 1 on Ray.
    """
    uses_ray = require_ray(engine, address)
    if threads is not None and threads < 1:
        msg = f"--threads {threads}: at least 1 is needed"
        raise UsageError(msg)
    from sonoloop.recipes.study import study as recipe  # noqa: PLC0415 - imports torch: seconds
    from sonoloop.recipes.study.engine import Engine, LocalEngine  # noqa: PLC0415

    chosen: Engine = LocalEngine(threads)
    if uses_ray:
        from sonoloop.cluster.study_engine import RayEngine  # noqa: PLC0415

        chosen = RayEngine(address, threads or 1)

    recipe.study(
        data,
        out,
        options,
        label=label,
        classes=flat(classes),
        stills=stills,
        sources=flat(source),
        plan_only=plan,
        engine=chosen,
    )
