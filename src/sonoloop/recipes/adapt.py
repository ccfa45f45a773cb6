"""A model learns a user's own few videos: prepare, both stages, validate, export, in minutes."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, Literal

import torch
from rich.console import Console

from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.errors import UsageError
from sonoloop.recipes.adapt_check import compare
from sonoloop.recipes.config import LatentCacheConfig, Preset
from sonoloop.recipes.export import export
from sonoloop.recipes.prepare import PrepareOptions, prepare
from sonoloop.recipes.timed_training import MANY_STEPS, TimedTraining, with_steps
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.recipes.train_diffusion import train_diffusion
from sonoloop.synthesis.config import ModelConfig
from sonoloop.synthesis.pretrained import CONFIG_FILE, find_model, read_model
from sonoloop.training.config import TrainingConfig
from sonoloop.training.interruption import raise_if_signalled
from sonoloop.training.loop import Outcome

STAGE_1_SHARE: Final = 0.6
"""Of the time: stage 1 costs more per step, and stage 2 rests on it."""
Stage1 = Literal["keep", "adapt"]
SPLIT: Final = "0.8,0.2,0"
"""Train and validation; there is no test among a few videos."""
ENCODINGS: Final = 240
"""Clips encoded for stage 2 without a GPU, over all videos."""


def adapt(
    videos: Sequence[Path],
    out: Path,
    *,
    minutes: float = 5.0,
    model: str = "default",
    stage_1: Stage1 = "keep",
    name: str | None = None,
    label_column: str | None = None,
    console: Console | None = None,
) -> ModelConfig:
    """Fine-tune a model on a few videos and write the new one.

    What is made on the way lies beside ``out``, in a folder of its name with "-work" behind it:
    the videos' frames and both runs. The same call again goes on where one was interrupted.

    Args:
        videos: Folders, manifests or files, as ``sonoloop data prepare`` takes them.
        out: Where the model folder goes.
        minutes: Time for both stages, above 0; reading, checking and exporting come on top.
        model: Name of a bundled model, or a model folder: what to start from.
        stage_1: "keep" takes the model's and leaves all of the time to stage 2; "adapt" fine-tunes
            it first, which in minutes costs more texture than it gains (docs/experiments.md).
        name: What manifests call the new model; None takes the name of ``out``.
        label_column: Column of the label in manifests; "none" for no labels.
        console: Where to report; None takes the terminal.

    Returns:
        The new model's config.

    Raises:
        UsageError: If the videos or an option cannot be used.
        KeyboardInterrupt: If a signal asked to stop; the same call goes on.
    """
    console = console or Console()
    if minutes <= 0:
        msg = f"minutes must be above 0, got {minutes:g}"
        raise UsageError(msg)
    if (out / CONFIG_FILE).is_file():
        msg = f"{out} holds a model already: choose another --out"
        raise UsageError(msg)
    base = read_model(find_model(model))[0]
    _diffusion_of(base)
    work = out.with_name(f"{out.name}-work")
    dataset, run_1, run_2 = work / "dataset", work / "autoencoder", work / "diffusion"
    work.mkdir(parents=True, exist_ok=True)
    say = partial(console.print, markup=False, highlight=False, soft_wrap=True)
    options = PrepareOptions(
        size=base.clip.size,
        num_frames=base.clip.num_frames,
        split=SPLIT,
        label_column=label_column,
    )
    found = prepare(videos, dataset, options, console=console)
    say(
        f"1/4 {found.counts.get('train', 0)} videos to train on, "
        f"{found.counts.get('validation', 0)} held out to check"
    )
    preset = adaptation_preset(base, found.counts.get("train", 0))
    seconds = 60 * minutes
    plan = TimedTraining(work / "plan.json", console)

    def train_stage_1(steps: int, limit: float | None, where: Console) -> Outcome:
        return train_autoencoder(
            dataset,
            with_steps(preset, steps),
            run_1,
            init=model,
            resume=True,
            max_seconds=limit,
            console=where,
        )

    if stage_1 == "keep":
        say(f"2/4 stage 1 of {base.name} is kept")
        outcome = train_stage_1(0, None, Console(quiet=True))
        raise_if_signalled(outcome.stopped_by)
        if outcome.step:
            msg = f"{run_1} holds one that was fine-tuned: delete {work}, or choose another --out"
            raise UsageError(msg)
        share = 0.0
    else:
        say(f"2/4 stage 1 of {base.name} learns how these videos look and move")
        share = STAGE_1_SHARE
        plan.train(run_1, share * seconds, train_stage_1)
    say("3/4 stage 2 learns which motion goes with which still")
    plan.train(
        run_2,
        (1 - share) * seconds,
        lambda steps, limit, where: train_diffusion(
            dataset,
            run_1,
            with_steps(preset, steps),
            run_2,
            init=model,
            resume=True,
            max_seconds=limit,
            console=where,
        ),
    )
    say("4/4 checking against the model it came from")
    config = export(
        run_1,
        run_2,
        data=dataset,
        out=out,
        name=name or out.resolve().name,
        trained_on=f"{base.trained_on}, adapted to {found.counts.get('train', 0)} own videos",
        licence=base.licence,
        console=Console(quiet=True),
    )
    for sentence in compare(model, str(out), dataset, base.clip):
        say(sentence)
    say(f"the model is in {out}; try it with 'sonoloop synthesize STILLS --model {out}'")
    say(f"{work} holds the videos' frames and both trainings: delete it when you are content")
    return config


def adaptation_preset(base: ModelConfig, num_videos: int) -> Preset:
    """Choose settings for a fine-tuning of minutes.

    The architecture is the model's own. Labels are those of the new videos, and motion strength is
    learnt whether or not the model knew it.

    Args:
        base: The model to start from.
        num_videos: Training videos.

    Raises:
        UsageError: If the model holds the baseline's stage 2.
    """
    on_gpu = torch.cuda.is_available()
    common = {"warmup_steps": 10, "cooldown_fraction": 0.4, "final_fraction": 0.05}
    sparse = {"sample_every": MANY_STEPS, "checkpoint_minutes": 1.0}
    encodings = 48 if on_gpu else max(2, min(48, ENCODINGS // max(1, num_videos)))
    return Preset(
        clip=base.clip,
        autoencoder=base.autoencoder,
        diffusion=_diffusion_of(base).model_copy(update={"labels": (), "motion": False}),
        control=True,
        latent_cache=LatentCacheConfig(encodings_per_video=encodings, batch_size=8),
        autoencoder_training=TrainingConfig.model_validate(
            {
                "batch_size": 16 if on_gpu else 4,
                "learning_rate": 2e-4,
                "ema_decay": 0.98,
                **common,
                **sparse,
            }
        ),
        diffusion_training=TrainingConfig.model_validate(
            {
                "batch_size": 64 if on_gpu else 32,
                "learning_rate": 3e-4,
                "ema_decay": 0.99,
                **common,
                **sparse,
            }
        ),
    )


def _diffusion_of(base: ModelConfig) -> DiffusionConfig:
    """Return the settings of a model's diffusion."""
    if base.diffusion is None:
        msg = (
            f"{base.name} has no diffusion model as stage 2 ({base.stage_2_part}) and cannot be "
            "adapted: give one that has, such as the bundled one"
        )
        raise UsageError(msg)
    return base.diffusion
