"""A dataset of a few moving blobs and a preset that trains on it in seconds."""

from pathlib import Path

import numpy as np
import pytest

from sonoloop.data.splits import SplitName, write_split
from sonoloop.data.store import Entry, StoreWriter
from sonoloop.recipes.config import Preset, load_preset

SIZE, NUM_FRAMES = 64, 24


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a prepared dataset: four videos to train on, one to validate."""
    folder = tmp_path_factory.mktemp("blobs") / "dataset"
    folder.mkdir()
    sides: dict[str, SplitName] = {}
    y, x = np.mgrid[:SIZE, :SIZE]
    with StoreWriter(folder / "store", size=SIZE) as writer:
        for video in range(5):
            phase = np.arange(NUM_FRAMES)[:, None, None] / 4 + video
            distance = (y - 32 - 8 * np.sin(phase)) ** 2 + (x - 32 - 8 * np.cos(phase)) ** 2
            frames = (220 * np.exp(-distance / 200)).astype(np.uint8)
            entry = Entry(f"video-{video}", "blob", f"group-{video}", "video")
            writer.add(entry, frames, np.arange(NUM_FRAMES) / 12.5)
            sides[entry.item_id] = "validation" if video == 4 else "train"
    write_split(folder / "split.json", sides, ratios=(0.8, 0.2, 0.0), seed=0)
    return folder


@pytest.fixture
def small() -> Preset:
    """Return the preset tiny with less of everything."""
    training = {"max_steps": 6, "batch_size": 2, "log_every": 1, "sample_every": 4}
    return load_preset(
        "tiny",
        {
            "autoencoder.encoder_widths": [8, 8, 8, 8],
            "autoencoder.decoder_width": 4,
            "latent_cache.encodings_per_video": 2,
            **{f"autoencoder_training.{key}": value for key, value in training.items()},
            **{f"diffusion_training.{key}": value for key, value in training.items()},
        },
    )
