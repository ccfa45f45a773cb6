"""Stage 1: train the autoencoder on the clips of a dataset."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import torch
from lightning_fabric import Fabric
from rich.console import Console
from torch import Tensor, nn

from sonoloop.autoencoder.critics import build_critics
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.autoencoder.training_step import AUTOENCODER, AutoencoderStep
from sonoloop.autoencoder.warp_decoder import SPECKLE_PARTS
from sonoloop.data.augmentation import augment, to_float
from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.dataset_source import fingerprint
from sonoloop.features.perceptual import Lpips
from sonoloop.layers.actnorm2d import ActNorm2d
from sonoloop.layers.memory_format import use_channels_last
from sonoloop.recipes.clip_batches import NumberedBatch, numbered_batches
from sonoloop.recipes.config import Preset
from sonoloop.recipes.initial_weights import refuse_to_keep_nothing, start_from_run_or_model
from sonoloop.recipes.training_data import (
    TrainingData,
    fixed_clips,
    open_training_data,
    say_what_is_few,
)
from sonoloop.training.interruption import Interruption
from sonoloop.training.launch import launch_fabric, open_shared_run
from sonoloop.training.loop import Outcome
from sonoloop.training.optimizer import build_optimizer
from sonoloop.training.precision import AsTrained
from sonoloop.training.sample_strip import write_strip
from sonoloop.training.session import run_training
from sonoloop.training.task import Learner, Losses, Task

STAGE: Final = AUTOENCODER
STRIP_CLIPS = 4
VALIDATION_CLIPS = 16
VALIDATION_SEED = 0


def train_autoencoder(
    data: Path,
    preset: Preset,
    out: Path,
    *,
    init: str | None = None,
    resume: bool = False,
    max_seconds: float | None = None,
    console: Console | None = None,
) -> Outcome:
    """Train stage 1 and write its run folder.

    Args:
        data: Prepared dataset.
        preset: Settings; its diffusion sections are not used.
        out: Run folder.
        init: Run folder or model whose weights are the start, perhaps of another size; None for
            random ones.
        resume: Whether to go on with the run that ``out`` holds.
        max_seconds: Stop with a checkpoint after this time; None for no limit.
        console: Where people read; standard output by default.

    Returns:
        How it ended.

    Raises:
        UsageError: If the dataset or the run folder cannot be used.
        SonoloopError: If a loss is not finite or a checkpoint cannot be written.
    """
    interruption = Interruption(max_seconds)
    console = console or Console()
    clips = open_training_data(data, preset.clip, console)
    run_config = {
        "stage": STAGE,
        "init": init,
        "data": str(data),
        "data_fingerprint": fingerprint(data),
        **preset.model_dump(mode="json"),
    }
    config = preset.autoencoder_training.for_videos(len(clips.train))
    refuse_to_keep_nothing(STAGE, config.max_steps, init)
    preset = preset.model_copy(update={"autoencoder_training": config})
    fabric = launch_fabric(config)
    if fabric.is_global_zero:
        say_what_is_few(clips.train, config.batch_size, console)
    with open_shared_run(fabric, out, run_config, resume=resume) as run:
        torch.manual_seed(config.seed)
        task = autoencoder_task(start_model(preset, init), clips, preset, fabric)
        return run_training(fabric, task, config, run, interruption=interruption, console=console)


def start_model(preset: Preset, init: str | None) -> VideoAutoencoder:
    """Build the model, its weights random, another run's or a model's.

    Args:
        preset: Settings.
        init: Where weights come from; None draws from torch's global generator.
    """
    model = VideoAutoencoder(preset.autoencoder)
    use_channels_last(model)
    if init is not None:
        start_from_run_or_model(model, init, part=STAGE, optional=SPECKLE_PARTS)
    return model


def autoencoder_task(
    model: VideoAutoencoder, clips: TrainingData, preset: Preset, fabric: Fabric
) -> Task[NumberedBatch]:
    """Compose model, critics, batches and losses of stage 1.

    Args:
        model: What to train.
        clips: Training and validation videos.
        preset: Settings.
        fabric: Launched.

    Returns:
        The task; building it draws the critics' first weights from torch's global generator.

    Raises:
        UsageError: If a perceptual loss is asked for whose net has not been fetched.
    """
    config, losses = preset.autoencoder_training, preset.autoencoder_losses
    perceptual = None
    if losses.perceptual:
        perceptual = Lpips.from_weights(losses.perceptual_net, device=fabric.device)
    critics = build_critics(
        preset.critics,
        in_channels=preset.autoencoder.in_channels,
        patch=losses.patch_adversarial > 0,
        temporal=losses.temporal_adversarial > 0,
    )
    training_step = AutoencoderStep(
        *(preset.autoencoder, model.latent_shape, losses, preset.critics, perceptual),
        penalised=critics.get("temporal_critic"),
        remakes=config.accumulate_grad_batches > 1,
    )
    if fabric.world_size > 1:
        _normalise_together(critics.values(), fabric)

    def step(
        modules: Mapping[str, nn.Module], batch: NumberedBatch, generator: torch.Generator
    ) -> Iterator[tuple[str, Losses]]:
        number, levels = batch
        clip = augment(to_float(levels), preset.augmentation, generator)
        join = number >= preset.critics.start * config.max_steps
        yield from training_step(modules, clip, generator, critics_join=join)

    shown = fixed_clips(clips.validation or clips.train, STRIP_CLIPS, fabric.device)

    def sample(ema_model: nn.Module, path: Path) -> None:
        no_noise = torch.zeros((len(shown), *model.latent_shape), device=fabric.device)
        generators = [torch.Generator().manual_seed(item) for item in range(len(shown))]
        speckle_noise = model.draw_speckle_noise(generators)
        made = AsTrained(ema_model, fabric)(shown, no_noise, speckle_noise).clip
        write_strip(path, [clip[0] for pair in zip(shown, made, strict=True) for clip in pair])

    return Task(
        title=STAGE,
        learners=[
            Learner(STAGE, model, build_optimizer(model, config)),
            *(
                Learner(
                    name,
                    critic,
                    build_optimizer(critic, config),
                    preset.critics.learning_rate_scale,
                )
                for name, critic in critics.items()
            ),
        ],
        batches=partial(numbered_batches, clips=clips.train, training=config, fabric=fabric),
        step=step,
        sample=sample,
        validate=None
        if clips.validation is None
        else _held_out_losses(training_step.held_out, clips.validation, config.batch_size, fabric),
    )


def _normalise_together(critics: Iterable[nn.Module], fabric: Fabric) -> None:
    """Let the critics' normalisations start from what all processes see."""

    def gather(features: Tensor) -> Tensor:
        everyones = [torch.empty_like(features) for _ in range(fabric.world_size)]
        torch.distributed.all_gather(everyones, features.contiguous())
        return torch.cat(everyones)

    for module in (module for critic in critics for module in critic.modules()):
        if isinstance(module, ActNorm2d):
            module.gather = gather


def _held_out_losses(
    losses: Callable[..., Losses], videos: ClipSet, batch_size: int, fabric: Fabric
) -> Callable[[nn.Module], dict[str, float]]:
    """Cut held-out clips once; the function returned measures the same noise every time."""
    held_out = fixed_clips(videos, VALIDATION_CLIPS, fabric.device)

    def validate(ema_model: nn.Module) -> dict[str, float]:
        generator = torch.Generator(fabric.device).manual_seed(VALIDATION_SEED)
        totals: dict[str, float] = {}
        for clip in torch.split(held_out, batch_size):
            share = len(clip) / len(held_out)
            for name, value in losses(
                AsTrained(ema_model, fabric), clip, generator=generator
            ).items():
                totals[name] = totals.get(name, 0.0) + float(value) * share
        return totals

    return validate
