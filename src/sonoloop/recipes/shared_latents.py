"""Latents in the run folder of stage 2: taken if they are still right, else made by all processes.

Each process encodes every so-manieth batch, so that no one waits for one alone, longer perhaps
than a process group lets it. Batches have their own seeds: the bytes do not depend on how many
processes there are.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
from lightning_fabric import Fabric
from rich.console import Console

from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.data.clip_sampling import ClipSet
from sonoloop.errors import UsageError
from sonoloop.recipes.config import Preset
from sonoloop.recipes.latent_cache import (
    LatentCache,
    cache_key,
    encode_clips,
    load_cache,
    sample_batches,
    save_cache,
)

FILE: Final = "latents.safetensors"
PART_FILE: Final = ".latents-{}.safetensors"
"""What a process other than the first has made, until all is joined."""


def shared_latents(
    autoencoder: VideoAutoencoder,
    weights_sha256: str,
    videos: ClipSet,
    preset: Preset,
    run: Path,
    *,
    seed: int,
    fabric: Fabric,
    console: Console,
) -> LatentCache:
    """Read or make the latents of a run.

    Args:
        autoencoder: Stage 1 on fabric's device, in evaluation mode.
        weights_sha256: Of its weights.
        videos: Training videos.
        preset: How many encodings, and how clips are varied.
        run: Run folder of stage 2.
        seed: Of windows and augmentation.
        fabric: Knows device, precision and the other processes.
        console: Shows the progress.

    Returns:
        The latents, on the device.

    Raises:
        UsageError: If the processes do not see one folder.
    """
    key = cache_key(
        {
            "weights": weights_sha256,
            "videos": videos.item_ids,
            "clip": preset.clip.model_dump(mode="json"),
            "augmentation": preset.augmentation.model_dump(mode="json"),
            "encodings": preset.latent_cache.encodings_per_video,
            "seed": seed,
        }
    )
    cache = load_cache(run / FILE, key)
    fabric.barrier()  # all have looked, none has written
    if cache is None:
        console = console if fabric.is_global_zero else Console(quiet=True)
        console.print(f"encoding {len(videos)} videos for stage 2", highlight=False)
        batches = [
            sample_batches(len(videos), preset.latent_cache, rank, fabric.world_size)
            for rank in range(fabric.world_size)
        ]
        part = None
        if batches[fabric.global_rank]:
            part = encode_clips(
                autoencoder,
                videos,
                preset.latent_cache,
                preset.augmentation,
                seed=seed,
                fabric=fabric,
                console=console,
            )
        cache = _joined(part, batches, run, key, fabric)
    if fabric.is_global_zero:  # also those of a run that was killed while it joined them
        for path in run.glob(PART_FILE.format("*")):
            path.unlink()
    return LatentCache(*(tensor.to(fabric.device) for tensor in cache))


def _joined(
    part: LatentCache | None,
    batches: Sequence[Sequence[range]],
    run: Path,
    key: str,
    fabric: Fabric,
) -> LatentCache:
    """Put the parts of all processes together, in the order of their samples."""
    paths = [run / PART_FILE.format(rank) for rank in range(fabric.world_size)]
    if part is not None and not fabric.is_global_zero:
        save_cache(paths[fabric.global_rank], key, part)
    fabric.barrier()
    whole = None
    if part is not None and fabric.is_global_zero:
        others = [path for path, own in zip(paths, batches, strict=True) if own][1:]
        parts = [part, *(_read(path, key) for path in others)]
        numbers = [number for own in batches for batch in own for number in batch]
        joined = LatentCache(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))
        whole = joined.at(torch.tensor(numbers).argsort())
        save_cache(run / FILE, key, whole)
    fabric.barrier()
    return whole or _read(run / FILE, key)


def _read(path: Path, key: str) -> LatentCache:
    cache = load_cache(path, key)
    if cache is None:
        msg = f"{path} was not written by another process of this training: is the folder shared?"
        raise UsageError(msg)
    return cache
