"""Latents of a run are made once, and again when what they were made from has changed."""

from pathlib import Path

import pytest
import torch
from rich.console import Console

from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.data.clip_sampling import ClipSet
from sonoloop.recipes import shared_latents as module
from sonoloop.recipes.config import Preset
from sonoloop.recipes.latent_cache import LatentCache
from sonoloop.recipes.shared_latents import shared_latents
from sonoloop.training.config import TrainingConfig
from sonoloop.training.launch import launch_fabric


def test_latents_are_made_once(
    dataset: Path, small: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other weights, or a damaged file: they are made anew. Several processes: see both stages."""
    autoencoder = VideoAutoencoder(small.autoencoder).eval()
    videos = ClipSet.open(dataset, "train", small.clip)
    encode, calls = module.encode_clips, []

    def counted(*args: object, **options: object) -> LatentCache:
        calls.append(args)
        return encode(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "encode_clips", counted)

    def latents(weights: str) -> LatentCache:
        return shared_latents(
            autoencoder,
            weights,
            videos,
            small,
            tmp_path,
            seed=0,
            fabric=launch_fabric(TrainingConfig(precision="32-true")),
            console=Console(quiet=True),
        )

    first = latents("one")
    (tmp_path / module.PART_FILE.format(3)).write_bytes(b"of a run that was killed")
    again = latents("one")
    assert len(calls) == 1
    assert all(torch.equal(*pair) for pair in zip(first, again, strict=True))
    assert len(first.latents) == len(videos) * small.latent_cache.encodings_per_video
    assert [path.name for path in tmp_path.iterdir()] == [module.FILE]
    latents("other")
    assert len(calls) == 2
    path = tmp_path / module.FILE
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    latents("other")
    assert len(calls) == 3
