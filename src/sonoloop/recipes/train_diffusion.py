"""Stage 2: train the diffusion model on latents of a trained autoencoder."""

from typing import Final

import torch
from torch import nn

from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.diffusion.training_step import diffusion_losses
from sonoloop.recipes.config import Preset
from sonoloop.recipes.initial_weights import start_from_run_or_model
from sonoloop.recipes.latent_cache import LatentCache
from sonoloop.recipes.latent_task import SecondStage
from sonoloop.recipes.second_stage import SecondStageRecipe
from sonoloop.recipes.training_control import CONTROL_WEIGHTS, TrainingControl
from sonoloop.recipes.training_data import TrainingData
from sonoloop.training.task import Losses

STAGE: Final = "diffusion"


def compose_diffusion(
    preset: Preset,
    cache: LatentCache,
    clips: TrainingData,
    latent_shape: tuple[int, ...],
    init: str | None,
) -> SecondStage:
    """Build the diffusion model and its losses.

    Args:
        preset: Settings.
        cache: Training pairs, on the device.
        clips: Training and validation videos.
        latent_shape: Of stage 1.
        init: Run folder or model whose weights are the start; None for random ones.
    """
    model = LatentDiffusion(preset.diffusion, latent_shape)
    if init is not None:
        if model.control_encoder is not None:
            model.control_encoder.silence()  # where the start does not know it
        start_from_run_or_model(model, init, part=STAGE, optional=CONTROL_WEIGHTS)
    model.set_latent_statistics(cache.latents.cpu())
    model.set_energies(cache.energies)
    control = TrainingControl(preset.diffusion, clips.train, cache.energies)
    validation = clips.validation or clips.train
    labels = control.label_numbers(validation)

    def losses(module: nn.Module, batch: LatentCache, generator: torch.Generator) -> Losses:
        told = control.of_training(batch.videos, batch.energies)
        return diffusion_losses(module, batch.latents, batch.first_frame, generator, told)

    def held_out(module: nn.Module, batch: LatentCache, generator: torch.Generator) -> Losses:
        told = control.of(labels[batch.videos], batch.energies)
        return diffusion_losses(module, batch.latents, batch.first_frame, generator, told)

    return SecondStage(model, losses, held_out)


train_diffusion = SecondStageRecipe(STAGE, compose_diffusion).train
"""Train the diffusion model and write its run folder."""
