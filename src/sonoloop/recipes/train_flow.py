"""Stage 2 of the baseline: train the conditional flow on latents of a trained autoencoder."""

from typing import Final

import torch
from torch import nn

from sonoloop.flow.model import ConditionalFlow
from sonoloop.flow.training_step import flow_losses
from sonoloop.recipes.config import Preset
from sonoloop.recipes.initial_weights import start_from_run_or_model
from sonoloop.recipes.latent_cache import LatentCache
from sonoloop.recipes.latent_task import SecondStage
from sonoloop.recipes.second_stage import SecondStageRecipe
from sonoloop.recipes.training_data import TrainingData
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
) -> SecondStage:
    """Build the flow, normalised to the first training pairs, and its losses.

    Args:
        preset: Settings.
        cache: Training pairs, on the device.
        clips: Not used.
        latent_shape: Of stage 1.
        init: Run folder or model whose weights are the start; None for random ones.
    """
    del clips
    model = ConditionalFlow(preset.flow, latent_shape)
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


train_flow = SecondStageRecipe(STAGE, compose_flow).train
"""Train the flow and write its run folder."""
