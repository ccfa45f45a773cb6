"""What a study will cost, told before anything starts: speeds are measured, not guessed."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import torch
from torch.nn import functional

from sonoloop.classification.config import ClassifierTraining
from sonoloop.classification.models import Classifier
from sonoloop.recipes.study.arms import FRAMES_OF_CLIP, WARPS_OF_STILL
from sonoloop.recipes.study.cells import Cell, needs
from sonoloop.recipes.study.context import StudyContext
from sonoloop.recipes.study.options import GENERATOR_OF
from sonoloop.recipes.study.synthesis import requests_for
from sonoloop.report.words import counted
from sonoloop.training.launch import fabric_on

TIMED_STEPS: Final = 2
HOUR_S: Final = 3600
MINUTE_S: Final = 60


def plan_lines(context: StudyContext, cells: Sequence[Cell], done: int) -> Iterator[str]:
    """Say what will be trained and how long it may take.

    Args:
        context: The study.
        cells: Those that are left.
        done: Cells that are there already.
    """
    options, data = context.options, context.data
    counts = Counter(data.class_names)
    found = ", ".join(f"{name} {counts[name]}" for name in data.classes)
    yield (
        f"{counted(len(data.item_ids), 'video')} of {counted(len(set(data.groups)), 'patient')} "
        f"({found}); {data.classes[1]} is positive"
    )
    for value, count in data.others.items():
        yield (
            f"left out: {counted(count, 'video')} with the label {value!r}"
            if value
            else (f"left out: {counted(count, 'video')} without a label")
        )
    for ratio in options.ratio_values:
        of_ratio = [one for one in context.divisions if one.ratio == ratio]
        one = of_ratio[0]
        yield (
            f"ratio {ratio:g}, first of {options.folds} folds: {len(one.training)} videos to train "
            f"on, {len(one.stills)} stills, {len(one.validation)} videos to choose on, "
            f"{len(one.held_out)} held out"
        )
    if options.split == "video":
        yield "LEAKS: divided by video as in the paper, so that patients are on both sides"
    there = f", {done} more done already" if done else ""
    yield f"{counted(len(cells), 'training')} of classifiers{there}"
    total = 0.0
    for model in options.model_names:
        of_model = [cell for cell in cells if cell.model == model]
        if of_model and model == "i3d-probe":
            seconds = clip_seconds(context)
            count = clips_to_see(context, of_model)
            total += seconds * count
            yield (
                f"{model}: {counted(len(of_model), 'fit')} on the features of {count} clips or "
                f"fewer, {1 / seconds:.1f} clips a second: about {duration(seconds * count)}"
            )
        elif of_model:
            seconds = step_seconds(context, of_model[0])
            steps = sum(context.steps(context.division(cell)) for cell in of_model)
            total += seconds * steps
            clips = options.batch_size / seconds
            yield (
                f"{model}: {counted(len(of_model), 'training')}, {steps} steps in all, "
                f"{clips:.1f} clips a second: about {duration(seconds * steps)}"
            )
    folds = {(cell.fold, cell.ratio) for cell in cells if needs(cell) in GENERATOR_OF}
    if folds:
        names = sorted({GENERATOR_OF[source] for cell in cells if (source := needs(cell)) in
                        GENERATOR_OF})  # fmt: skip
        sets = counted(len(folds), "set") + f" of generators ({', '.join(names)})"
        if options.generator_minutes is None:
            yield f"{sets}, each with the steps of preset {options.generator_preset}: not timed"
        else:
            stages = 0.6 + 0.4 * len({"lddm", "cinn"} & set(names))
            seconds = len(folds) * stages * MINUTE_S * options.generator_minutes
            total += seconds
            yield f"{sets}: about {duration(seconds)}, and their clips"
    yield f"in all about {duration(total)} on this machine; cells that are done are kept"


def step_seconds(context: StudyContext, cell: Cell) -> float:
    """Time training steps of a classifier, after one to warm up.

    Args:
        context: The study.
        cell: Says which classifier.
    """
    config = context.config(cell)
    fabric = fabric_on(context.device, ClassifierTraining().precision)
    with torch.random.fork_rng(devices=[]):
        model = fabric.setup_module(Classifier(config))
    shape = (context.options.batch_size, 1, config.num_frames * config.stretch)
    clip = torch.zeros(*shape, config.size, config.size, device=fabric.device)
    labels = torch.zeros(len(clip), dtype=torch.int64, device=fabric.device)
    began = 0.0
    for step in range(TIMED_STEPS + 1):
        if step == 1:
            _wait(fabric.device)
            began = time.perf_counter()
        fabric.backward(functional.cross_entropy(model(clip), labels))
        model.zero_grad()
    _wait(fabric.device)
    return (time.perf_counter() - began) / TIMED_STEPS


def clip_seconds(context: StudyContext) -> float:
    """Time the features of a clip, after some to warm up.

    Args:
        context: The study.

    Raises:
        UsageError: If the net's weights have not been fetched.
    """
    size, net = context.data.clip.size, context.features.net
    clips = torch.zeros(net.batch_size, 1, context.data.clip.num_frames, size, size)
    began = 0.0
    for repeat in range(2):
        if repeat == 1:
            began = time.perf_counter()
        net(clips).cpu()
    return (time.perf_counter() - began) / len(clips)


def clips_to_see(context: StudyContext, cells: Sequence[Cell]) -> int:
    """Count the clips whose features probes need; those that are known already count too.

    Args:
        context: The study.
        cells: Of probes.
    """
    options = context.options
    count = len(context.data.item_ids) * options.windows
    made = [cell for cell in cells if needs(cell) in GENERATOR_OF]
    sets = {(cell.fold, cell.ratio, needs(cell), cell.arm == "j"): cell for cell in made}
    for cell in sets.values():
        stills = context.division(cell).stills
        labels = context.stills.labels[context.stills.places(stills)].tolist()
        count += len(requests_for(stills, labels, options.samples))
    arms = {cell.arm for cell in cells}
    frames = FRAMES_OF_CLIP * len(context.data.item_ids) * options.windows
    count += frames * ("f" in arms) + len(context.stills.item_ids) * (
        ("d" in arms) + WARPS_OF_STILL * ("e" in arms)
    )
    return count


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def duration(seconds: float) -> str:
    """Write a time as people say it.

    Args:
        seconds: At least 0.
    """
    if seconds < MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < HOUR_S:
        return f"{seconds / MINUTE_S:.0f} min"
    return f"{seconds / HOUR_S:.1f} h"
