"""How stage 2 learns from cached latents: batches, losses, strips, validation."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from lightning_fabric import Fabric
from torch import nn

from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.recipes.config import Preset
from sonoloop.recipes.latent_cache import LatentCache, cache_batches, encode_fixed_clips
from sonoloop.recipes.training_data import TrainingData, fixed_clips
from sonoloop.synthesis.config import Stage2
from sonoloop.synthesis.stages import LatentSampler
from sonoloop.training.batches import sample_numbers
from sonoloop.training.config import TrainingConfig
from sonoloop.training.optimizer import build_optimizer
from sonoloop.training.precision import AsTrained
from sonoloop.training.sample_strip import write_strip
from sonoloop.training.task import Learner, Losses, Task

STRIP_CLIPS = 4
VALIDATION_CLIPS = 32
VALIDATION_SEED = 0
VALIDATION_REPEATS = 4
"""Draws per held-out clip: a diffusion loss varies more over noise levels than over clips."""

BatchLosses = Callable[[nn.Module, LatentCache, torch.Generator], Losses]
"""Losses of a model on a batch; ``loss`` is the one that is minimised."""


class SecondStage(NamedTuple):
    """What one kind of stage 2 brings.

    Args:
        model: With its first weights, on the CPU.
        losses: Of a batch of training clips.
        held_out_losses: Of validation clips.
    """

    model: nn.Module
    losses: BatchLosses
    held_out_losses: BatchLosses


def latent_task(
    kind: Stage2,
    stage_2: SecondStage,
    cache: LatentCache,
    autoencoder: VideoAutoencoder,
    clips: TrainingData,
    preset: Preset,
    training: TrainingConfig,
    fabric: Fabric,
) -> Task[LatentCache]:
    """Compose model, batches and losses of stage 2.

    Args:
        kind: Name of the learner.
        stage_2: Model and losses.
        cache: Training pairs, on the device.
        autoencoder: Stage 1 on the device, for strips and held-out latents.
        clips: Training and validation videos.
        preset: Settings.
        training: How stage 2 is trained.
        fabric: Launched.
    """
    draws = preset.latent_cache.posterior == "sample"

    def batches(first_step: int) -> Iterator[LatentCache]:
        numbers = sample_numbers(
            first_step,
            training.max_steps,
            batch_size=training.batch_size,
            rank=fabric.global_rank,
            world_size=fabric.world_size,
        )
        batch_size = training.batch_size // fabric.world_size
        return cache_batches(cache, numbers, batch_size=batch_size, seed=training.seed)

    def step(
        modules: Mapping[str, nn.Module], batch: LatentCache, generator: torch.Generator
    ) -> Iterator[tuple[str, Losses]]:
        batch = batch.drawn(generator) if draws else batch
        yield kind, stage_2.losses(modules[kind], batch, generator)

    shown = fixed_clips(clips.validation or clips.train, STRIP_CLIPS, fabric.device)

    def sample(ema_model: nn.Module, path: Path) -> None:
        if not isinstance(ema_model, LatentSampler):
            raise TypeError
        first_frame = shown[:, :, 0]
        generators = [torch.Generator().manual_seed(item) for item in range(len(shown))]
        with fabric.autocast():
            latent = ema_model.sample(first_frame, generators=generators)
            noise = autoencoder.draw_speckle_noise(generators)
            made = autoencoder.decode(first_frame, latent, speckle_noise=noise).clip
        write_strip(path, [clip[0] for pair in zip(shown, made, strict=True) for clip in pair])

    validate = None
    if clips.validation is not None:
        held_out = encode_fixed_clips(autoencoder, clips.validation, VALIDATION_CLIPS, fabric)
        validate = _held_out_losses(stage_2.held_out_losses, held_out, fabric, draws=draws)
    return Task(
        title=kind,
        learners=[Learner(kind, stage_2.model, build_optimizer(stage_2.model, training))],
        batches=batches,
        step=step,
        sample=sample,
        validate=validate,
    )


def _held_out_losses(
    losses: BatchLosses, held_out: LatentCache, fabric: Fabric, *, draws: bool
) -> Callable[[nn.Module], dict[str, float]]:
    """Return a function that measures the same clips with the same noise every time."""

    def validate(ema_model: nn.Module) -> dict[str, float]:
        model = AsTrained(ema_model, fabric)
        generator = torch.Generator(fabric.device).manual_seed(VALIDATION_SEED)
        totals: dict[str, float] = {}
        for _ in range(VALIDATION_REPEATS):
            batch = held_out.drawn(generator) if draws else held_out
            for name, value in losses(model, batch, generator).items():
                totals[name] = totals.get(name, 0.0) + float(value) / VALIDATION_REPEATS
        return totals

    return validate
