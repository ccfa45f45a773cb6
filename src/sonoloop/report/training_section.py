"""One training on the page: how its losses went, what it drew, every setting."""

from collections.abc import Iterator
from math import isfinite

from sonoloop.report.curve_plot import Curve, Kind, curve_plot
from sonoloop.report.markup import Markup, element
from sonoloop.report.media import Media
from sonoloop.report.tables import bullets, fold, settings_table
from sonoloop.report.training_run import TrainingRun
from sonoloop.report.words import counted, number

_SAMPLES = "rows in pairs: a real clip, and what the model made of it"


def training_section(run: TrainingRun, anchor: str) -> Markup:
    """Show all of a training.

    Args:
        run: What its folder holds.
        anchor: Id that links lead to.
    """
    training, validation = run.curves("losses"), run.curves("validation")
    plots = []
    for name in dict.fromkeys([*training, *validation]):
        kinds: dict[Kind, list[tuple[int, float]]] = {
            "training": training.get(name, []),
            "validation": validation.get(name, []),
        }
        curves = [Curve(kind, points) for kind, points in kinds.items() if points]
        plots.append(curve_plot(name, curves))
    rates = [(line.step, line.learning_rate) for line in run.log if line.learning_rate is not None]
    if rates:
        plots.append(curve_plot("learning rate", [Curve("training", rates)]))
    strips = [_strip(name, media) for name, media in run.strips.items()]
    return element(
        "section",
        element("h2", training_title(run)),
        bullets(_summary(run)),
        element("h3", "Losses"),
        element("div", *plots, class_="charts") if plots else element("p", "none logged yet"),
        element("h3", "Samples") if strips else None,
        *strips,
        element("h3", "Settings"),
        fold("Every setting", settings_table(f"Settings of {run.name}", run.config)),
        fold("Machine and versions", settings_table(f"Environment of {run.name}", run.environment))
        if run.environment
        else None,
        id=anchor,
    )


def training_title(run: TrainingRun) -> str:
    """Name a training by stage and folder."""
    return f"Training of the {run.stage}: {run.name}"


def training_warnings(run: TrainingRun) -> Iterator[str]:
    """Yield what a reader must know before trusting the curves."""
    if not run.log:
        yield "nothing logged yet"
    elif not run.curves("validation"):
        yield "no validation losses: nothing tells whether it learnt its training clips by heart"
    broken = {
        name
        for line in run.log
        for name, value in [*line.losses.items(), *line.validation.items()]
        if not isfinite(value)
    }
    if broken:
        yield f"losses that are no number, left out of the curves: {', '.join(sorted(broken))}"
    for media in run.strips.values():
        if media.problem:
            yield f"sample {media.problem}"


def _summary(run: TrainingRun) -> Iterator[str]:
    if run.log:
        seconds = max((line.seconds for line in run.log if line.seconds is not None), default=None)
        told = counted(run.log[-1].step, "step")
        yield told if seconds is None else f"{told} in {seconds / 60:.3g} minutes"
    validation = [
        (step, value) for step, value in run.curves("validation").get("loss", []) if isfinite(value)
    ]
    if validation:
        best = min(validation, key=lambda point: point[1])
        yield (
            f"validation loss {number(validation[-1][1])} at the end, "
            f"lowest {number(best[1])} at step {best[0]}"
        )
    machine = run.environment.get("gpus") or run.environment.get("cpu")
    if machine:
        yield "on " + (", ".join(map(str, machine)) if isinstance(machine, list) else str(machine))


def _strip(name: str, media: Media) -> Markup:
    if not media.uri:
        return element("p", media.problem, class_="missing")
    description = f"Sample strip {name.removesuffix('.png')}"
    picture = element("img", src=media.uri, alt=description, width=media.width, height=media.height)
    return element(
        "figure",
        element("div", picture, class_="scroll", role="region", aria_label=description, tabindex=0),
        element("figcaption", f"{name.removesuffix('.png')}; {_SAMPLES}"),
        class_="strip",
    )
