"""Latents of augmented training clips, encoded once: stage 2 then trains without stage 1."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from lightning_fabric import Fabric
from rich.console import Console
from rich.progress import track
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.data.augmentation import augment, to_float
from sonoloop.data.augmentation_config import AugmentationConfig
from sonoloop.data.clip_sampling import ClipSet, TrainingClips
from sonoloop.diffusion.control import temporal_energy
from sonoloop.recipes.config import LatentCacheConfig
from sonoloop.training.batches import stack_arrays
from sonoloop.training.random_numbers import seed_step


class LatentCache(NamedTuple):
    """Training pairs of stage 2.

    Args:
        latents: (n, *latent shape), float32.
        first_frames: (n, h, w), uint8: the first frame of each encoded clip.
        videos: (n,), int64: the place of each clip's video in its ``ClipSet``.
        energies: (n,), float32: temporal energy of each encoded clip.
    """

    latents: Tensor
    first_frames: Tensor
    videos: Tensor
    energies: Tensor


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
        with safe_open(path, framework="pt") as file:
            if (file.metadata() or {}).get("key") != key:
                return None
            return LatentCache(*(file.get_tensor(name) for name in LatentCache._fields))
    except SafetensorError:
        return None  # damaged: it is made anew


def save_cache(path: Path, key: str, cache: LatentCache) -> None:
    """Write a cache under a temporary name and rename it.

    Args:
        path: File to write.
        key: What the cache was made from.
        cache: Tensors on any device.
    """
    tensors = {name: tensor.cpu().contiguous() for name, tensor in cache._asdict().items()}
    temporary = path.with_name(f".{path.name}.unfinished")
    try:
        temporary.write_bytes(save(tensors, metadata={"key": key}))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


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
    """Cut, augment and encode every training video several times.

    Args:
        autoencoder: Stage 1 on fabric's device, in evaluation mode.
        clips: Training videos.
        config: How many encodings.
        augmentation: How clips are varied.
        seed: Of windows and augmentation.
        fabric: Knows device and precision.
        console: Shows the progress.

    Returns:
        The cache, on the CPU.
    """
    number = len(clips) * config.encodings_per_video
    samples = TrainingClips(clips, seed=seed, length=number)
    starts = range(0, number, config.batch_size)
    latents, first_frames, energies = [], [], []
    shown = track(starts, "encoding clips", console=console, disable=not console.is_terminal)
    for start in shown:
        numbers = range(start, min(start + config.batch_size, number))
        generator = seed_step(seed, start, 0, fabric.device)
        batch = stack_arrays([samples[n] for n in numbers]).to(fabric.device)
        clip = augment(to_float(batch), augmentation, generator)
        with fabric.autocast():
            latents.append(autoencoder.encode(clip).float().cpu())
        grey = (clip[:, 0, 0] + 1) * 127.5
        first_frames.append(grey.round().to(torch.uint8).cpu())
        energies.append(temporal_energy(clip).cpu())
    videos = torch.tensor([samples.item(n) for n in range(number)])
    return LatentCache(torch.cat(latents), torch.cat(first_frames), videos, torch.cat(energies))


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
            index = torch.tensor(chosen, device=cache.latents.device)
            yield LatentCache(*(tensor[index] for tensor in cache))
            chosen = []
