"""Cached latents."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.data.augmentation_config import AugmentationConfig
from sonoloop.data.clip_sampling import ClipSet
from sonoloop.recipes.config import Preset
from sonoloop.recipes.latent_cache import (
    LatentCache,
    cache_batches,
    cache_key,
    encode_clips,
    encode_fixed_clips,
    load_cache,
    save_cache,
)
from sonoloop.training.batches import sample_numbers
from sonoloop.training.config import TrainingConfig
from sonoloop.training.launch import launch_fabric


def pairs(count: int) -> LatentCache:
    """Make pairs whose latent is their number."""
    numbers = torch.arange(count)
    latents = numbers.float()[:, None]
    frames = numbers.to(torch.uint8)[:, None, None]
    return LatentCache(latents, frames, numbers, numbers.float(), torch.full_like(latents, 0.5))


def test_cache_comes_back_for_its_key_only(tmp_path: Path) -> None:
    """Another key, a missing or a damaged file: made anew."""
    path = tmp_path / "latents.safetensors"
    assert load_cache(path, "a") is None
    save_cache(path, "a", pairs(3))
    loaded = load_cache(path, "a")
    assert loaded is not None
    assert torch.equal(loaded.latents, pairs(3).latents)
    assert load_cache(path, "b") is None
    path.write_bytes(b"damaged")
    assert load_cache(path, "a") is None
    assert [file.name for file in tmp_path.iterdir()] == ["latents.safetensors"]


def test_key_depends_on_content_not_order() -> None:
    """The same parts in another order are the same cache."""
    assert cache_key({"a": 1, "b": 2}) == cache_key({"b": 2, "a": 1})
    assert cache_key({"a": 1}) != cache_key({"a": 2})


@settings(max_examples=25)
@given(count=st.integers(1, 9), batch_size=st.integers(1, 12), skipped=st.integers(0, 5))
def test_batches_visit_every_pair_once_an_epoch(count: int, batch_size: int, skipped: int) -> None:
    """Property: from any step on the order is that of the whole run; pairs stay together."""
    cache, steps = pairs(count), 6
    whole = list(cache_batches(cache, range(steps * batch_size), batch_size=batch_size, seed=1))
    drawn = torch.cat([batch.latents for batch in whole]).flatten().long().tolist()
    for epoch in range(len(drawn) // count):
        assert sorted(drawn[epoch * count : (epoch + 1) * count]) == list(range(count))
    numbers = range(skipped * batch_size, steps * batch_size)
    rest = list(cache_batches(cache, numbers, batch_size=batch_size, seed=1))
    assert all(
        torch.equal(one.latents, two.latents)
        and torch.equal(one.latents.flatten().long(), one.first_frames.flatten().long())
        for one, two in zip(whole[skipped:], rest, strict=True)
    )


@settings(max_examples=25)
@given(count=st.integers(1, 9), share=st.integers(1, 3), world_size=st.integers(1, 4))
def test_processes_share_the_pairs(count: int, share: int, world_size: int) -> None:
    """Property: together they take every pair once an epoch, each step's as one process would."""
    cache, steps, batch_size = pairs(count), 5, share * world_size
    whole = cache_batches(cache, range(steps * batch_size), batch_size=batch_size, seed=1)
    parts = [
        cache_batches(
            cache,
            sample_numbers(0, steps, batch_size=batch_size, rank=rank, world_size=world_size),
            batch_size=share,
            seed=1,
        )
        for rank in range(world_size)
    ]
    for batch, *shares in zip(whole, *parts, strict=True):
        for rank, own in enumerate(shares):
            assert torch.equal(own.latents, batch.latents[rank::world_size])


@pytest.mark.parametrize("batch_size", [3, 8])
def test_clips_are_encoded(dataset: Path, small: Preset, batch_size: int) -> None:
    """Two encodings of each of four videos, the same ones at every call."""
    torch.manual_seed(0)
    autoencoder = VideoAutoencoder(small.autoencoder).eval()
    clips = ClipSet.open(dataset, "train", small.clip)
    config = small.latent_cache.model_copy(update={"batch_size": batch_size})

    def encode() -> LatentCache:
        return encode_clips(
            autoencoder,
            clips,
            config,
            AugmentationConfig(),
            seed=0,
            fabric=launch_fabric(TrainingConfig(precision="32-true")),
            console=Console(quiet=True),
        )

    cache = encode()
    assert cache.latents.shape == (8, *autoencoder.latent_shape)
    assert cache.first_frames.shape == (8, 64, 64)
    assert cache.first_frames.dtype == torch.uint8
    assert torch.equal(cache.latents, encode().latents)
    assert len(torch.unique(cache.latents, dim=0)) == 8
    assert sorted(cache.videos.tolist()) == [0, 0, 1, 1, 2, 2, 3, 3]
    assert (cache.energies > 0).all()
    assert cache.latent_stds.shape == cache.latents.shape
    assert (cache.latent_stds > 0).all()


def test_fixed_clips_are_encoded_as_they_are(dataset: Path, small: Preset) -> None:
    """One clip a video, spread over the set; the first frame comes back to the grey level."""
    autoencoder = VideoAutoencoder(small.autoencoder).eval()
    clips = ClipSet.open(dataset, "train", small.clip)
    fabric = launch_fabric(TrainingConfig(precision="32-true"))
    cache = encode_fixed_clips(autoencoder, clips, 2, fabric)
    assert cache.videos.tolist() == [0, 2]
    assert np.array_equal(cache.first_frames[1].numpy(), clips.clip(2)[0])
    clip = torch.from_numpy(clips.clip(2)).float()[None, None] / 127.5 - 1
    assert torch.equal(cache.first_frame[1:], clip[:, :, 0])
    with torch.no_grad():
        torch.testing.assert_close(cache.latents[1:], autoencoder.encode(clip))


def test_drawn_latents_spread_as_the_posterior() -> None:
    """Mean and deviation over many draws; everything else stays."""
    cache = pairs(3)
    generator = torch.Generator().manual_seed(0)
    draws = torch.stack([cache.drawn(generator).latents for _ in range(2000)])
    torch.testing.assert_close(draws.mean(dim=0), cache.latents, atol=0.05, rtol=0)
    torch.testing.assert_close(draws.std(dim=0), cache.latent_stds, atol=0.05, rtol=0)
    assert torch.equal(cache.drawn(generator).videos, cache.videos)
