"""Latents of augmented training clips, encoded once: stage 2 then trains without stage 1."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from lightning_fabric import Fabric
from rich.console import Console
from rich.progress import track
from safetensors import SafetensorError
from torch import Tensor

from sonoloop.atomic_files import write_atomically
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.batch_random import batch_normal
from sonoloop.data.augmentation import augment, to_float
from sonoloop.data.augmentation_config import AugmentationConfig
from sonoloop.data.clip_sampling import ClipSet, TrainingClips
from sonoloop.diffusion.control import temporal_energy
from sonoloop.recipes.config import LatentCacheConfig
from sonoloop.recipes.training_data import fixed_clips, fixed_items
from sonoloop.shapes import Clip, Frame
from sonoloop.training.batches import stack_arrays
from sonoloop.training.random_numbers import seed_step
from sonoloop.training.sealed_tensors import seal, unseal

FIXED_BATCH_SIZE = 4
"""Clips encoded at a time where there are few."""


class LatentCache(NamedTuple):
    """Training pairs of stage 2.

    Args:
        latents: (n, *latent shape), float32.
        first_frames: (n, h, w), uint8: the first frame of each encoded clip.
        videos: (n,), int64: the place of each clip's video in its ``ClipSet``.
        energies: (n,), float32: temporal energy of each encoded clip.
        latent_stds: (n, *latent shape), float32: standard deviation of each latent's posterior,
            whose mean ``latents`` holds.
    """

    latents: Tensor
    first_frames: Tensor
    videos: Tensor
    energies: Tensor
    latent_stds: Tensor

    @property
    def first_frame(self) -> Frame:
        """First frames as images in [-1, 1]."""
        return to_float(self.first_frames[:, None])[:, :, 0]

    def at(self, index: Tensor) -> "LatentCache":
        """Pick pairs by their place."""
        return LatentCache(*(tensor[index] for tensor in self))

    def drawn(self, generator: torch.Generator) -> "LatentCache":
        """Draw each latent from its posterior.

        Args:
            generator: Source of the noise.
        """
        noise = batch_normal(self.latents.shape, generator)
        drawn = self.latents + self.latent_stds * noise.to(self.latents)
        return self._replace(latents=drawn)


def cache_key(parts: Mapping[str, object]) -> str:
    """Name what a cache was made from.

    Args:
        parts: Everything that decides its content, as JSON can hold it.

    Returns:
        64 hexadecimal digits.
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def load_cache(path: Path, key: str) -> LatentCache | None:
    """Read a cache if it was made from the same things.

    Args:
        path: File; need not exist.
        key: As :func:`cache_key` gives it.

    Returns:
        The cache, or None if there is none with this key.
    """
    if not path.is_file():
        return None
    try:
        tensors, metadata = unseal(path)
    except (SafetensorError, ValueError):
        return None  # damaged: it is made anew
    if metadata.get("key") != key:
        return None
    return LatentCache(**tensors)


def save_cache(path: Path, key: str, cache: LatentCache) -> None:
    """Write a cache.

    Args:
        path: File to write.
        key: What the cache was made from.
        cache: Tensors on any device.
    """
    write_atomically(path, seal(cache._asdict(), {"key": key}))


@torch.no_grad()
def encode_clips(
    autoencoder: VideoAutoencoder,
    clips: ClipSet,
    config: LatentCacheConfig,
    augmentation: AugmentationConfig,
    *,
    seed: int,
    fabric: Fabric,
    console: Console,
) -> LatentCache:
    """Cut, augment and encode every training video several times, this process its share.

    Args:
        autoencoder: Stage 1 on fabric's device, in evaluation mode.
        clips: Training videos.
        config: How many encodings.
        augmentation: How clips are varied.
        seed: Of windows and augmentation.
        fabric: Knows device, precision and the other processes.
        console: Shows the progress.

    Returns:
        The clips of :func:`sample_batches`, on the CPU.
    """
    number = len(clips) * config.encodings_per_video
    samples = TrainingClips(clips, seed=seed, length=number)
    batches = sample_batches(len(clips), config, fabric.global_rank, fabric.world_size)
    parts = []
    shown = track(batches, "encoding clips", console=console, disable=not console.is_terminal)
    for numbers in shown:
        generator = seed_step(seed, numbers.start, fabric.device)
        batch = stack_arrays([samples[n] for n in numbers]).to(fabric.device)
        clip = augment(to_float(batch), augmentation, generator)
        videos = torch.tensor([samples.item(n) for n in numbers])
        encoded = _encode(autoencoder, clip, videos, fabric)
        parts.append(LatentCache(*(tensor.cpu() for tensor in encoded)))
    return _joined(parts)


def sample_batches(
    num_videos: int, config: LatentCacheConfig, rank: int, world_size: int
) -> list[range]:
    """Divide the encodings into batches, and say which are a process's.

    Args:
        num_videos: Training videos.
        config: How many encodings, and how many at a time.
        rank: Number of the process.
        world_size: How many there are, each with every so-manieth batch.
    """
    number, size = num_videos * config.encodings_per_video, config.batch_size
    return [
        range(start, min(start + size, number))
        for start in range(rank * size, number, world_size * size)
    ]


@torch.no_grad()
def encode_fixed_clips(
    autoencoder: VideoAutoencoder, clips: ClipSet, count: int, fabric: Fabric
) -> LatentCache:
    """Encode the first clip of videos spread evenly over a set, not augmented.

    Args:
        autoencoder: Stage 1 on fabric's device, in evaluation mode.
        clips: Validation videos.
        count: Largest number of clips.
        fabric: Knows device and precision.

    Returns:
        Pairs on the device.
    """
    videos = torch.split(torch.tensor(fixed_items(clips, count)), FIXED_BATCH_SIZE)
    frames = torch.split(fixed_clips(clips, count, fabric.device), FIXED_BATCH_SIZE)
    pairs = zip(frames, videos, strict=True)
    return _joined([_encode(autoencoder, clip, part, fabric) for clip, part in pairs])


def _encode(
    autoencoder: VideoAutoencoder, clip: Clip, videos: Tensor, fabric: Fabric
) -> LatentCache:
    with fabric.autocast():
        mean, std = autoencoder.posterior(clip)
    grey = (clip[:, 0, 0] + 1) * 127.5
    return LatentCache(
        mean.float(),
        grey.round().to(torch.uint8),
        videos.to(clip.device),
        temporal_energy(clip),
        std.float(),
    )


def _joined(parts: Sequence[LatentCache]) -> LatentCache:
    return LatentCache(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))


def cache_batches(
    cache: LatentCache, numbers: range, *, batch_size: int, seed: int
) -> Iterator[LatentCache]:
    """Draw batches: every pair once per epoch, in an order that depends on (seed, epoch) alone.

    Args:
        cache: The pairs, on the device.
        numbers: Global sample numbers of this process, in order.
        batch_size: Pairs per batch.
        seed: Of the order.

    Yields:
        Batches of pairs.
    """
    size = len(cache.latents)
    epoch, order = -1, np.empty(0, dtype=np.intp)
    chosen: list[int] = []
    for n in numbers:
        if n // size != epoch:
            epoch = n // size
            order = np.random.default_rng([seed, epoch]).permutation(size)
        chosen.append(int(order[n % size]))
        if len(chosen) == batch_size:
            yield cache.at(torch.tensor(chosen, device=cache.latents.device))
            chosen = []
