"""Generators of one fold: trained on its training videos only, in a dataset that holds no other.

The folder of a fold and ratio::

    dataset/       the training videos, all on the training side: nothing else can be read
    autoencoder/   stage 1, shared by all generators
    diffusion/     stage 2, LDDM; knows the class of a clip
    flow/          stage 2, cINN
    lddm/ cinn/ random/   models, as "sonoloop synthesize" takes them
    decoder/       as random/: stage 1 alone
"""

import hashlib
import shutil
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console

from sonoloop.data.config import ClipConfig
from sonoloop.data.splits import write_split
from sonoloop.data.store import Entry, Store, StoreWriter
from sonoloop.recipes.adapt import STAGE_1_SHARE, adaptation_preset
from sonoloop.recipes.config import Preset, load_preset
from sonoloop.recipes.export import export
from sonoloop.recipes.study.data import StudyData
from sonoloop.recipes.study.options import StudyOptions
from sonoloop.recipes.timed_training import TRAININGS, TimedTraining, with_steps
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.recipes.train_diffusion import train_diffusion
from sonoloop.recipes.train_flow import train_flow
from sonoloop.synthesis.pretrained import CONFIG_FILE, find_model, read_model
from sonoloop.training.interruption import raise_if_signalled
from sonoloop.training.loop import Outcome

STAGE_2: Final = {"lddm": "diffusion", "cinn": "flow"}
QUIET: Final = Console(quiet=True)

Stage = Callable[[Preset, Path, float | None, Console], Outcome]
"""(settings, run folder, seconds, where people read) -> how it ended."""


def write_training_dataset(data: StudyData, item_ids: Sequence[str], folder: Path) -> Path:
    """Copy the training videos of a fold, and nothing else, into a dataset of their own.

    Args:
        data: All videos.
        item_ids: The training videos.
        folder: Where it goes; one that is there is complete.

    Returns:
        The folder.
    """
    if (folder / "split.json").is_file():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    store = Store.open(data.dataset / "store")
    number_of = {item.item_id: number for number, item in enumerate(store.items)}
    folder.mkdir(parents=True)
    with StoreWriter(folder / "store", size=store.size) as writer:
        for place in data.places(item_ids):
            item_id, number = data.item_ids[place], number_of[data.item_ids[place]]
            entry = Entry(item_id, data.class_names[place], data.groups[place], "video")
            writer.add(entry, store.frames(number), store.times_s(number))
    write_split(
        folder / "split.json", dict.fromkeys(item_ids, "train"), ratios=(1.0, 0.0, 0.0), seed=0
    )
    return folder


def train_generators(
    dataset: Path, folder: Path, wanted: Collection[str], options: StudyOptions, console: Console
) -> None:
    """Train the generators of a fold that are not there yet, and export them.

    Args:
        dataset: The training videos of the fold.
        folder: Where runs and models go.
        wanted: Some of "lddm", "cinn", "random" and "decoder".
        options: How to train them.
        console: Where people read.

    Raises:
        UsageError: If the settings cannot be used.
        KeyboardInterrupt: If a signal asked to stop.
    """
    missing = [name for name in wanted if not (folder / name / CONFIG_FILE).is_file()]
    if not missing:
        return
    store = Store.open(dataset / "store")
    preset = generator_preset(options, ClipConfig(size=store.size), len(store.items))
    fold = partial(_train, preset, folder=folder, options=options)
    init, stage_1 = options.generator_init, folder / "autoencoder"

    def train_stage_1(
        settings: Preset, run: Path, seconds: float | None, where: Console
    ) -> Outcome:
        return train_autoencoder(
            dataset, settings, run, init=init, resume=True, max_seconds=seconds, console=where
        )

    def train_diffusion_on(
        settings: Preset, run: Path, seconds: float | None, where: Console
    ) -> Outcome:
        return train_diffusion(
            dataset, stage_1, settings, run, init=_of_size(init, store.size), resume=True,
            max_seconds=seconds, console=where,
        )  # fmt: skip

    def train_flow_on(
        settings: Preset, run: Path, seconds: float | None, where: Console
    ) -> Outcome:
        return train_flow(
            dataset, stage_1, settings, run, resume=True, max_seconds=seconds, console=where
        )

    stage_2: dict[str, Stage] = {"lddm": train_diffusion_on, "cinn": train_flow_on}
    if share_1 := STAGE_1_SHARE if preset.autoencoder_training.max_steps else 0.0:
        console.print(f"{folder.name}: training stage 1 on {len(store.items)} videos", markup=False)
    fold(train_stage_1, stage_1, share_1)
    for name in missing:
        run = folder / STAGE_2[name] if name in STAGE_2 else None
        if run is not None:
            console.print(f"{folder.name}: training stage 2 of {name}", markup=False)
            fold(stage_2[name], run, 1 - share_1)
        export(
            stage_1,
            run,
            stage_2="flow" if name == "cinn" else "diffusion",
            data=dataset,
            out=folder / name,
            name=f"{name} of {folder.name}",
            trained_on="the training videos of a fold of a study",
            console=QUIET,
        )


def generator_preset(options: StudyOptions, clip: ClipConfig, num_videos: int) -> Preset:
    """Choose the settings of the generators: the preset's, or those of a model to start from.

    Args:
        options: Of the study.
        clip: What a clip of the dataset is.
        num_videos: Training videos.

    Raises:
        UsageError: If there is no such preset or model.
    """
    given = load_preset(options.generator_preset, {"clip.size": clip.size})
    preset = given.model_copy(update={"control": True})
    if options.generator_init is not None:
        base = read_model(find_model(options.generator_init))[0]
        autoencoder = base.autoencoder.model_copy(update={"size": clip.size})
        base = base.model_copy(update={"clip": clip, "autoencoder": autoencoder})
        kept = ("autoencoder_losses", "critics", "flow", "flow_training")
        preset = adaptation_preset(base, num_videos).model_copy(
            update={name: getattr(given, name) for name in kept}
        )
    trainings = {
        name: getattr(preset, name).model_copy(
            update={"seed": options.seed, "max_steps": getattr(given, name).max_steps}
        )
        for name in TRAININGS
    }
    return preset.model_copy(update=trainings)


def preset_sha256(name: str) -> str | None:
    """Name the content of a preset file, which may change between two calls of a study.

    Args:
        name: Of a preset, or a TOML file.

    Returns:
        12 hexadecimal digits; None for a preset of the package.

    Raises:
        UsageError: If the file is missing or no preset.
    """
    if not name.endswith(".toml"):
        return None
    return hashlib.sha256(load_preset(name).model_dump_json().encode()).hexdigest()[:12]


def _of_size(init: str | None, size: int) -> str | None:
    """Start stage 2 from a model only if it is of the same size: it has a place for each token."""
    if init is None or read_model(find_model(init))[0].clip.size != size:
        return None
    return init


def _train(
    preset: Preset, stage: Stage, run: Path, share: float, *, folder: Path, options: StudyOptions
) -> None:
    """Train one stage for its share of the minutes, or for the preset's steps.

    A stage 1 of no steps, the one of the model that training starts from, takes no time.
    """
    if options.generator_minutes is None or not share:
        raise_if_signalled(stage(preset, run, None, QUIET).stopped_by)
        return
    TimedTraining(folder / "steps.json", QUIET).train(
        run,
        share * 60 * options.generator_minutes,
        lambda steps, limit, where: stage(with_steps(preset, steps), run, limit, where),
    )
