"""Stage 2 of the baseline: train the conditional flow on latents of a trained autoencoder."""

from functools import partial
from pathlib import Path
from typing import Final

import torch
from rich.console import Console
from torch import nn

from sonoloop.errors import UsageError
from sonoloop.flow.image_encoder import FrozenConditioner
from sonoloop.flow.model import ConditionalFlow
from sonoloop.flow.training_step import flow_losses
from sonoloop.recipes.config import Preset
from sonoloop.recipes.initial_weights import start_from_run_or_model
from sonoloop.recipes.latent_cache import LatentCache
from sonoloop.recipes.latent_task import SecondStage
from sonoloop.recipes.second_stage import SecondStageRecipe
from sonoloop.recipes.train_conditioner import load_conditioner
from sonoloop.recipes.training_data import TrainingData
from sonoloop.training.loop import Outcome
from sonoloop.training.task import Losses

STAGE: Final = "flow"
FIRST_PAIRS = 512
"""Training pairs from which the flow's normalisations start."""


def compose_flow(
    preset: Preset,
    cache: LatentCache,
    clips: TrainingData,
    latent_shape: tuple[int, ...],
    init: str | None,
    conditioner: Path | None = None,
) -> SecondStage:
    """Build the flow, normalised to the first training pairs, and its losses.

    Args:
        preset: Settings.
        cache: Training pairs, on the device.
        clips: Not used.
        latent_shape: Of stage 1.
        init: Run folder or model whose weights are the start; None for random ones.
        conditioner: Run folder of the conditioner, where the flow has a frozen one.

    Raises:
        UsageError: If a conditioner is missing, or there is no use for it.
    """
    del clips
    model = ConditionalFlow(preset.flow, latent_shape)
    _check_conditioner(model, conditioner, init)
    if conditioner is not None and isinstance(model.conditioner, FrozenConditioner):
        load_conditioner(model.conditioner, conditioner)
    if init is None:
        some = torch.arange(0, len(cache.latents), max(1, len(cache.latents) // FIRST_PAIRS))
        pairs = cache.at(some.to(cache.latents.device))
        if preset.latent_cache.posterior == "sample":
            pairs = pairs.drawn(torch.Generator().manual_seed(preset.flow_training.seed))
        model.initialize(pairs.latents.cpu(), pairs.first_frame.cpu())
    else:
        start_from_run_or_model(model, init, part=STAGE)

    def losses(module: nn.Module, batch: LatentCache, generator: torch.Generator) -> Losses:
        return flow_losses(module, batch.latents, batch.first_frame, generator)

    return SecondStage(model, losses, losses)


def _check_conditioner(model: ConditionalFlow, conditioner: Path | None, init: str | None) -> None:
    """Refuse a flow that nothing tells the first frame, and a conditioner that nothing asks."""
    frozen = isinstance(model.conditioner, FrozenConditioner)
    if frozen and conditioner is None and init is None:
        msg = (
            "flow.conditioner is 'resnet50', which is trained beforehand: run 'sonoloop train "
            "conditioner' and give its --out as --conditioner, or --set flow.conditioner=joint"
        )
        raise UsageError(msg)
    if conditioner is not None and (not frozen or init is not None):
        why = "--init brings one" if frozen else "flow.conditioner is 'joint'"
        msg = f"--conditioner {conditioner} has no use, because {why}: leave it out"
        raise UsageError(msg)


def train_flow(  # noqa: PLR0913 - the options of a command
    data: Path,
    autoencoder: Path,
    preset: Preset,
    out: Path,
    *,
    conditioner: Path | None = None,
    init: str | None = None,
    resume: bool = False,
    max_seconds: float | None = None,
    console: Console | None = None,
) -> Outcome:
    """Train the flow and write its run folder.

    Args:
        data: Prepared dataset.
        autoencoder: Run folder of stage 1; its clip and autoencoder settings are taken.
        preset: Settings of augmentation, latent cache and flow.
        out: Run folder.
        conditioner: Run folder of the conditioner, where the flow has a frozen one.
        init: Run folder or model whose weights are the start; None for random ones.
        resume: Whether to go on with the run that ``out`` holds.
        max_seconds: Stop with a checkpoint after this time, encoding included; None for no limit.
        console: Where people read; standard output by default.

    Returns:
        How it ended.

    Raises:
        UsageError: If dataset, stage 1, conditioner or the run folder cannot be used.
        SonoloopError: If a loss is not finite or a checkpoint cannot be written.
    """
    recipe = SecondStageRecipe(
        STAGE,
        partial(compose_flow, conditioner=conditioner),
        {} if conditioner is None else {"conditioner_run": str(conditioner)},
    )
    return recipe.train(
        *(data, autoencoder, preset, out),
        init=init,
        resume=resume,
        max_seconds=max_seconds,
        console=console,
    )
