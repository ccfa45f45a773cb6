"""Batches of training clips, each with its number: what a step of an autoencoder is given."""

from collections.abc import Iterable

from lightning_fabric import Fabric
from torch import Tensor

from sonoloop.data.clip_sampling import ClipSet, TrainingClips
from sonoloop.training.batches import read_batches, sample_numbers
from sonoloop.training.config import TrainingConfig

NumberedBatch = tuple[int, Tensor]
"""Steps made before it, and clips of uint8."""


def numbered_batches(
    first_step: int, *, clips: ClipSet, training: TrainingConfig, fabric: Fabric
) -> Iterable[NumberedBatch]:
    """Read the batches that are left, this process's part of each.

    Args:
        first_step: Steps already made.
        clips: Training videos.
        training: Steps, batch size, seed and readers.
        fabric: Launched.
    """
    numbers = sample_numbers(
        first_step,
        training.max_steps,
        batch_size=training.batch_size,
        rank=fabric.global_rank,
        world_size=fabric.world_size,
    )
    on_gpu = fabric.device.type == "cuda"
    length = training.max_steps * training.batch_size
    clips_by_step = read_batches(
        TrainingClips(clips, seed=training.seed, length=length),
        numbers,
        batch_size=training.batch_size // fabric.world_size,
        num_workers=training.num_workers if training.num_workers is not None else 2 * on_gpu,
        pin_memory=on_gpu,
    )
    return enumerate(clips_by_step, first_step)
