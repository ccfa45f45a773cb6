"""The baseline's conditioner: an image autoencoder of single frames; the flow keeps its encoder."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import torch
from lightning_fabric import Fabric
from rich.console import Console
from safetensors.torch import load_file
from torch import nn

from sonoloop.autoencoder.critics import PatchCritic
from sonoloop.batch_random import batch_integers, batch_normal
from sonoloop.data.augmentation import augment, to_float
from sonoloop.data.dataset_source import fingerprint
from sonoloop.errors import UsageError
from sonoloop.features.perceptual import Lpips
from sonoloop.flow.image_autoencoder import ImageAutoencoder, RebuiltImage
from sonoloop.flow.image_encoder import FrozenConditioner
from sonoloop.recipes.clip_batches import NumberedBatch, numbered_batches
from sonoloop.recipes.conditioner_step import CRITIC, STAGE, ConditionerStep
from sonoloop.recipes.config import Preset
from sonoloop.recipes.training_data import TrainingData, fixed_clips, open_training_data
from sonoloop.shapes import Frame
from sonoloop.training.interruption import Interruption
from sonoloop.training.launch import launch_fabric, open_shared_run
from sonoloop.training.loop import Outcome
from sonoloop.training.optimizer import build_optimizer
from sonoloop.training.precision import AsTrained
from sonoloop.training.run_folder import fill, load_run
from sonoloop.training.sample_strip import write_strip
from sonoloop.training.session import run_training
from sonoloop.training.task import Learner, Losses, Task

VALIDATION_FRAMES: Final = 32
STRIP_FRAMES: Final = 8


def train_conditioner(
    data: Path,
    preset: Preset,
    out: Path,
    *,
    resume: bool = False,
    max_seconds: float | None = None,
    console: Console | None = None,
) -> Outcome:
    """Train the image autoencoder and write its run folder.

    It computes in full precision and keeps the last weights, whatever the settings say.

    Args:
        data: Prepared dataset.
        preset: Settings; of the flow's the length of the condition.
        out: Run folder.
        resume: Whether to go on with the run that ``out`` holds.
        max_seconds: Stop with a checkpoint after this time; None for no limit.
        console: Where people read; standard output by default.

    Returns:
        How it ended.

    Raises:
        UsageError: If the dataset or the run folder cannot be used, or a net has not been fetched.
        SonoloopError: If a loss is not finite or a checkpoint cannot be written.
    """
    interruption = Interruption(max_seconds)
    console = console or Console()
    clips = open_training_data(data, preset.clip, console)
    # The critic's weight needs gradients of its own, which Fabric refuses in mixed precision, and
    # the statistics of batch norms are those of the last weights, not of averaged ones.
    update = {"precision": "32-true", "ema_decay": 0.0}
    config = preset.conditioner_training.model_copy(update=update)
    if config.accumulate_grad_batches > 1:
        msg = (
            f"conditioner_training.accumulate_grad_batches is {config.accumulate_grad_batches}: "
            "batch normalisation needs the batch whole; leave it at 1 and lower batch_size"
        )
        raise UsageError(msg)
    preset = preset.model_copy(update={"conditioner_training": config})
    run_config = {
        "stage": STAGE,
        "data": str(data),
        "data_fingerprint": fingerprint(data),
        **preset.model_dump(mode="json"),
    }
    config = config.for_videos(len(clips.train))
    preset = preset.model_copy(update={"conditioner_training": config})
    fabric = launch_fabric(config)
    with open_shared_run(fabric, out, run_config, resume=resume) as run:
        torch.manual_seed(config.seed)
        task = conditioner_task(clips, preset, fabric)
        return run_training(fabric, task, config, run, interruption=interruption, console=console)


def load_conditioner(conditioner: FrozenConditioner, run: Path) -> None:
    """Give a flow's conditioner the weights of a trained one.

    Args:
        conditioner: The module to fill.
        run: Run folder that ``train_conditioner`` wrote.

    Raises:
        UsageError: If it is no such run, or its vectors are of another length.
    """
    trained = load_run(run)
    if trained.config.get("stage") != STAGE:
        msg = (
            f"{run} is a run of {trained.config.get('stage')}, not of a conditioner: "
            "give the --out of 'sonoloop train conditioner'"
        )
        raise UsageError(msg)
    tensors = load_file(trained.ema_path)
    encoder = {
        name.removeprefix("encoder."): value
        for name, value in tensors.items()
        if name.startswith("encoder.")
    }
    fill(conditioner.encoder, encoder, trained.ema_path)


def conditioner_task(clips: TrainingData, preset: Preset, fabric: Fabric) -> Task[NumberedBatch]:
    """Compose model, critic, batches and losses.

    Args:
        clips: Training and validation videos.
        preset: Settings.
        fabric: Launched.

    Returns:
        The task; building it draws the first weights from torch's global generator.

    Raises:
        UsageError: If a perceptual loss is asked for whose net has not been fetched.
    """
    config, training = preset.conditioner, preset.conditioner_training
    channels, size = preset.flow.condition_channels, preset.clip.size
    model = ImageAutoencoder(channels, size=size, decoder_width=config.decoder_width)
    learners = [Learner(STAGE, model, build_optimizer(model, training))]
    if config.adversarial:
        critic = PatchCritic(1, width=config.patch_width, norm="actnorm")
        learners.append(Learner(CRITIC, critic, build_optimizer(critic, training)))
    lpips = None
    if config.perceptual:
        lpips = Lpips.from_weights(config.perceptual_net, device=fabric.device)
    training_step = ConditionerStep(config, model.last_layer, lpips)

    def step(
        modules: Mapping[str, nn.Module], batch: NumberedBatch, generator: torch.Generator
    ) -> Iterator[tuple[str, Losses]]:
        number, levels = batch
        chosen = batch_integers(levels.shape[1], (len(levels),), generator).to(levels.device)
        one = levels[torch.arange(len(levels), device=levels.device), chosen][:, None]
        image = augment(to_float(one), preset.augmentation, generator)[:, :, 0]
        noise = batch_normal((len(image), channels), generator)
        join = number >= config.critic_start * training.max_steps
        yield from training_step(modules, image, noise.to(image), critic_joins=join)

    held_out = fixed_clips(clips.validation or clips.train, VALIDATION_FRAMES, fabric.device)
    held_out = held_out[:, :, 0]

    def rebuilt(ema_model: nn.Module, image: Frame) -> RebuiltImage:
        no_noise = torch.zeros((len(image), channels), device=image.device)
        made = AsTrained(ema_model, fabric)(image, no_noise)
        if not isinstance(made, RebuiltImage):
            raise TypeError
        return made

    def sample(ema_model: nn.Module, path: Path) -> None:
        shown = held_out[:STRIP_FRAMES]
        write_strip(path, [shown[:, 0], rebuilt(ema_model, shown).image[:, 0]])

    def validate(ema_model: nn.Module) -> dict[str, float]:
        losses = training_step.losses(rebuilt(ema_model, held_out), held_out)
        return {name: float(value) for name, value in losses.items()}

    return Task(
        title=STAGE,
        learners=learners,
        batches=partial(numbered_batches, clips=clips.train, training=training, fabric=fabric),
        step=step,
        sample=sample,
        validate=None if clips.validation is None else validate,
        divisible=False,  # batch normalisation
    )
