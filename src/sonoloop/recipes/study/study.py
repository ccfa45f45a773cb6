"""Does synthetic video help? Plan the trainings, make them one by one, say what came out."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from rich.console import Console

from sonoloop import __version__
from sonoloop.atomic_files import write_atomically
from sonoloop.checksums import write_summed
from sonoloop.classification.scores import auroc
from sonoloop.classification.statistics import NUM_DRAWS, auroc_draws
from sonoloop.data.dataset_source import fingerprint
from sonoloop.errors import UsageError
from sonoloop.folder_claim import claimed_output
from sonoloop.recipes.study.cells import FIRST, Cell, clear_runs, needs, plan_cells, read_cell
from sonoloop.recipes.study.classifier_weights import checked_weights
from sonoloop.recipes.study.context import StudyContext
from sonoloop.recipes.study.cost import duration, plan_lines
from sonoloop.recipes.study.data import open_study_data
from sonoloop.recipes.study.division import divide
from sonoloop.recipes.study.engine import Engine, LocalEngine
from sonoloop.recipes.study.fold import Makers, trained_makers
from sonoloop.recipes.study.generators import preset_sha256
from sonoloop.recipes.study.options import (
    ASKED,
    GENERATOR_OF,
    OF_TRUE_VIDEOS,
    REQUESTS,
    StudyOptions,
)
from sonoloop.recipes.study.results import out_of_fold, results, undecided
from sonoloop.recipes.study.sources import parse_source, read_source
from sonoloop.recipes.study.stills import read_stills, with_stills
from sonoloop.report.study_plots import study_plots
from sonoloop.report.study_record import (
    STUDY_FILE,
    STUDY_PAGE,
    STUDY_TABLE,
    StudyRecord,
    study_csv,
    study_json,
)
from sonoloop.report.study_sentences import study_findings
from sonoloop.report.study_table import arms_table, study_page

SETTINGS_FILE: Final = "settings.json"
EXTENDED: Final = frozenset({"models", "arms", "run_folds", "seeds", "shares", "undecidable"})
"""Options that may change between two calls: they add cells and change none."""


def study(  # noqa: PLR0913 - the options of a command
    dataset: Path,
    out: Path,
    options: StudyOptions,
    *,
    label: str,
    classes: Sequence[str] = (),
    stills: Path | None = None,
    sources: Sequence[str] = (),
    plan_only: bool = False,
    console: Console | None = None,
    makers: Makers = trained_makers,
    engine: Engine | None = None,
) -> StudyRecord | None:
    """Run a study, or go on with one.

    Args:
        dataset: Folder written by ``sonoloop data prepare``; all its sides are used.
        out: Folder of the study.
        options: Which trainings, and how.
        label: Column that holds the classes.
        classes: Values joined into two classes, as ``name=value,value``.
        stills: Dataset with labelled stills; None takes first frames of training patients.
        sources: Clips of generators from elsewhere, each ``NAME=DIR``.
        plan_only: Whether to stop after the plan.
        console: Where people read.
        makers: Trains the generators of a fold.
        engine: Where the trainings run; None takes this process.

    Returns:
        What was found; None where only the plan was asked for.

    Raises:
        UsageError: If dataset, label or options cannot be used, or the folder holds another study.
        SonoloopError: If patients are too few for intervals or a file is damaged.
        KeyboardInterrupt: If a signal asked to stop; the same call goes on.
    """
    console = console or Console()
    data = open_study_data(dataset, label, classes)
    owners = data.item_ids if options.split == "video" else data.groups
    divisions = divide(
        data.item_ids,
        owners,
        data.class_names,
        folds=options.folds,
        ratios=options.ratio_values,
        seed=options.seed,
    )
    pool = data.first_frames
    notes: list[str] = []
    if stills is not None:
        if refused := sorted(OF_TRUE_VIDEOS & set(options.arm_names())):
            words = " and ".join(refused)
            msg = f"--stills: stills of their own have no true videos, leave {words} out of --arms"
            raise UsageError(msg)
        pool, notes = read_stills(stills, label, data)
        divisions = with_stills(divisions, pool, data)
        for note in notes:
            _say(console, f"note: {note}")
    folders = dict(map(parse_source, sources))
    numbers = {name: number for number, name in enumerate(data.classes)}
    elsewhere = {
        name: read_source(name, folder, pool, numbers, data.clip)
        for name, folder in folders.items()
    }
    arms = options.arm_names(tuple(elsewhere))
    context = StudyContext(
        out,
        data,
        pool,
        label,
        tuple(classes),
        divisions,
        options,
        console,
        makers=makers,
        sources=elsewhere,
    )
    cells = plan_cells(options, arms)
    weights_sha256 = checked_weights(context, cells)
    left = [cell for cell in cells if read_cell(out, cell) is None]
    for line in plan_lines(context, left, len(cells) - len(left)):
        _say(console, line)
    if plan_only:
        return None
    with claimed_output(out):
        settings = {
            "data_fingerprint": fingerprint(dataset),
            "stills_fingerprint": fingerprint(stills) if stills else None,
            "label": label,
            "classes": list(classes),
            "generator_settings": preset_sha256(options.generator_preset),
            "initial_weights_sha256": weights_sha256 or None,
        }
        _keep_settings(out, settings, options)
        clear_runs(out, set(cells) - set(left))  # of a study killed just after it wrote the scores
        _run(context, left, engine or LocalEngine())
    found = {cell: scores for cell in cells if (scores := read_cell(out, cell)) is not None}
    record = _record(context, dataset, arms, found, notes)
    texts = {
        STUDY_TABLE: study_csv(record),
        STUDY_PAGE: study_page(record),
        **study_plots(record),
        STUDY_FILE: study_json(record),
    }
    write_summed(out, {name: text.encode() for name, text in texts.items()})
    for result in record.results:
        _say(console, f"\n{result.model}, ratio {result.ratio:g}")
        for line in arms_table(result):
            _say(console, line)
    for sentence in record.findings:
        _say(console, f"- {sentence}")
    _say(console, f"tables in {out / STUDY_PAGE} and {out / STUDY_TABLE}")
    return record


def _run(context: StudyContext, cells: Sequence[Cell], engine: Engine) -> None:
    """Make the trainings of (b) and (k), say what true videos gain, make the others."""
    sources = {source for cell in cells if (source := needs(cell)) in GENERATOR_OF}
    if any(cell.arm in ASKED for cell in cells):
        sources.add(REQUESTS)
    num_done, num_wanted = 0, len(cells)

    def tell(cell: Cell) -> None:
        nonlocal num_done
        num_done += 1
        found = read_cell(context.folder, cell) or {}
        value = _auroc(context, found["held_out"])
        _say(
            context.console,
            f"{num_done}/{num_wanted} {cell.name}: AUROC {value:.3f} in this fold, "
            f"{duration(float(found['seconds']))}",
        )

    first = [cell for cell in cells if cell.arm in FIRST]
    engine.run(context, first, sorted(sources), tell)
    stopped = _headroom(context) if cells else set()
    rest = [
        cell for cell in cells if cell.arm not in FIRST and (cell.model, cell.ratio) not in stopped
    ]
    num_wanted = len(first) + len(rest)
    engine.run(context, rest, sorted(sources), tell)


def _headroom(context: StudyContext) -> set[tuple[str, float]]:
    """Tell what true videos gain before anything synthetic is looked at, and where to stop.

    Returns:
        Classifiers and ratios at which nothing can be decided, if these are not to go on.
    """
    options = context.options
    stopped: set[tuple[str, float]] = set()
    if "k" not in options.arm_names():
        return stopped
    cells = [cell for cell in plan_cells(options, options.arm_names()) if cell.arm in FIRST]
    found = {cell: read_cell(context.folder, cell) or {} for cell in cells}
    for model in options.model_names:
        for ratio in options.ratio_values:
            outcome, _ = out_of_fold(context, model, ratio, FIRST, found)
            draws = auroc_draws(outcome, seed=options.seed)
            gain, (b, k) = draws.difference("k", "b"), map(draws.interval, FIRST)
            where = f"{model} at ratio {ratio:g}"
            interval = f"{gain.estimate:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
            _say(
                context.console,
                f"{where}: AUROC {b.estimate:.3f} without and {k.estimate:.3f} with the true "
                f"videos of the other patients, {interval}",
            )
            reason = undecided(draws)
            if reason and len(options.fold_numbers) == options.folds:
                _say(context.console, f"{where}: undecidable, {reason}")
                if options.undecidable == "stop":
                    stopped.add((model, ratio))
                    _say(
                        context.console,
                        f"{where}: no other arm is trained; --undecidable go-on trains them",
                    )
    return stopped


def _auroc(context: StudyContext, scores: Mapping[str, float]) -> float:
    labels = context.data.labels[context.data.places(tuple(scores))]
    return auroc(labels, np.array(list(scores.values()), dtype=np.float64))


def _record(
    context: StudyContext,
    dataset: Path,
    arms: Sequence[str],
    found: Mapping[Cell, Mapping[str, Any]],
    notes: Sequence[str],
) -> StudyRecord:
    options = context.options
    of_all = tuple(results(context, arms, tuple(context.sources), found))
    return StudyRecord(
        dataset=dataset.resolve().name,
        label=context.label,
        classes=context.data.classes,
        split=options.split,
        options=dataclasses.asdict(options),
        num_cells=len(found),
        num_draws=NUM_DRAWS,
        seconds_of_cells=sum(float(one["seconds"]) for one in found.values()),
        software=f"sonoloop {__version__}, torch {torch.__version__}",
        results=of_all,
        findings=study_findings(of_all, leaks=options.split == "video"),
        notes=tuple(notes),
    )


def _keep_settings(out: Path, decided: Mapping[str, object], options: StudyOptions) -> None:
    """Write what decides the cells, or refuse a folder whose cells were decided by other things."""
    values = {
        name: value for name, value in dataclasses.asdict(options).items() if name not in EXTENDED
    }
    settings = {**decided, **values}
    path = out / SETTINGS_FILE
    if path.is_file():
        there = json.loads(path.read_text())
        differing = [name for name in settings if settings[name] != there.get(name)]
        if differing:
            name = differing[0]
            msg = (
                f"{out} holds a study with {name.replace('_', '-')} {there.get(name)}, "
                f"{settings[name]} was asked for: choose another --out"
            )
            raise UsageError(msg)
    write_atomically(path, (json.dumps(settings, indent=1) + "\n").encode())


def _say(console: Console, line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)
