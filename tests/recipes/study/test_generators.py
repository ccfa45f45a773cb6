"""Generators of a fold: trained on its training videos, and on nothing else."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from safetensors.numpy import load_file

from sonoloop.data.config import ClipConfig
from sonoloop.data.recording import Frames
from sonoloop.data.splits import read_split, write_split
from sonoloop.data.store import Entry, Store, StoreWriter
from sonoloop.recipes.study.data import open_study_data
from sonoloop.recipes.study.division import divide
from sonoloop.recipes.study.fold import Originals, fold_clips, trained_makers
from sonoloop.recipes.study.generators import (
    generator_preset,
    train_generators,
    write_training_dataset,
)
from sonoloop.recipes.study.options import StudyOptions
from sonoloop.synthesis.pretrained import find_model, read_model

PLANTED = 201
"""A grey level that only the planted frames have."""

PRESET = """
[clip]
size = 64
[autoencoder]
encoder_widths = [8, 8, 8, 8]
latent_channels = 4
residual_blur = 0.0
decoder_width = 4
[autoencoder_training]
max_steps = 2
batch_size = 2
precision = "32-true"
[latent_cache]
encodings_per_video = 1
[diffusion]
width = 32
depth = 1
heads = 2
condition_widths = [8, 8, 8, 8]
condition_channels = 8
[diffusion_training]
max_steps = 2
batch_size = 4
precision = "32-true"
[flow]
num_blocks = 2
hidden_width = 16
hidden_depth = 1
condition_channels = 8
condition_widths = [8, 8, 8, 8]
[flow_training]
max_steps = 2
batch_size = 4
precision = "32-true"
"""


def _plant(dataset: Path, folder: Path, kept: set[str], firsts: set[str]) -> Path:
    """Copy a dataset; what training may not see becomes one grey level.

    Of videos that give stills (``firsts``) the first frame stays.
    """
    store = Store.open(dataset / "store")
    folder.mkdir()
    with StoreWriter(folder / "store", size=store.size) as writer:
        for number, item in enumerate(store.items):
            frames = np.array(store.frames(number))
            frames[frames == PLANTED] -= 1
            if item.item_id not in kept:
                frames[int(item.item_id in firsts) :] = PLANTED
            entry = Entry(item.item_id, item.label, item.group_id, item.kind)
            writer.add(entry, frames, store.times_s(number))
    sides = read_split(dataset / "split.json")
    write_split(folder / "split.json", sides, ratios=(1.0, 0.0, 0.0), seed=0)
    (folder / "index.parquet").write_bytes((dataset / "index.parquet").read_bytes())
    return folder


def test_nothing_held_out_reaches_a_stage_a_latent_cache_or_a_normaliser(
    study_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held-out and validation videos, and all but the first frame of stills, are planted.

    All that stages read is the store of the fold; every frame read from it is one of a training
    video; and the latent cache, of which latent statistics are computed, has its first frames.
    """
    data = open_study_data(study_dataset, "label", ())
    one = divide(data.item_ids, data.groups, data.class_names, folds=2, ratios=(0.5,), seed=0)[0]
    planted = _plant(study_dataset, tmp_path / "data", set(one.training), set(one.stills))
    data = open_study_data(planted, "label", ())
    assert (data.first_frames.frames[data.places(one.held_out)] == PLANTED).all()
    (tmp_path / "preset.toml").write_text(PRESET)
    options = StudyOptions(generator_preset=str(tmp_path / "preset.toml"), samples=1)
    read: set[tuple[str, str]] = set()
    frames_of = Store.frames

    def frames(store: Store, item: int) -> Frames:
        found = frames_of(store, item)
        read.add((str(store.folder), store.items[item].item_id))
        if store.folder != planted / "store":
            assert not (found == PLANTED).any()
        return found

    dataset = write_training_dataset(
        data, one.training, tmp_path / "study/generators/fold0-ratio0.5/dataset"
    )
    monkeypatch.setattr(Store, "frames", frames)

    def true_clips(requests: object) -> np.ndarray:
        pytest.fail(f"true clips of {requests} were asked for")

    originals = Originals(data.first_frames, true_clips)
    made = fold_clips(
        tmp_path / "study", data, originals, one, ("cinn", "lddm", "random"), options,
        trained_makers, Console(quiet=True),
    )  # fmt: skip
    assert read == {(str(dataset / "store"), item) for item in one.training}
    assert set(read_split(dataset / "split.json").values()) == {"train"}
    for stage in ("diffusion", "flow"):
        cache = load_file(dataset.parent / stage / "latents.safetensors")
        assert len(cache["latents"]) == len(one.training)
        assert set(cache["videos"].tolist()) == set(range(len(one.training)))
        assert not (cache["first_frames"] == PLANTED).all(axis=(1, 2)).any()
    for source in made.values():
        assert source.clips.shape[1:] == (16, 64, 64)
        assert {request.item for request in source.requests} == set(one.stills)
        assert not (source.clips == PLANTED).all(axis=(1, 2, 3)).any()


def test_a_model_to_start_from_lends_its_architecture(tmp_path: Path) -> None:
    """At the dataset's size; the preset says how many steps, and against which losses."""
    options = StudyOptions(generator_init="default", generator_preset="tiny", seed=3)
    preset = generator_preset(options, ClipConfig(size=64), 20)
    assert (preset.clip.size, preset.autoencoder.size) == (64, 64)
    plain = generator_preset(StudyOptions(generator_preset="tiny"), ClipConfig(size=64), 20)
    assert preset.autoencoder.encoder_widths != plain.autoencoder.encoder_widths
    assert (preset.autoencoder_training.max_steps, preset.diffusion_training.seed) == (750, 3)
    assert preset.control
    path = tmp_path / "critic.toml"
    path.write_text("[autoencoder_losses]\npatch_adversarial = 0.03\n[critics]\nstart = 0.25\n")
    options = StudyOptions(generator_init="default", generator_preset=str(path))
    preset = generator_preset(options, ClipConfig(size=64), 20)
    assert (preset.autoencoder_losses.patch_adversarial, preset.critics.start) == (0.03, 0.25)


def test_stage_1_of_a_model_can_be_kept(study_dataset: Path, tmp_path: Path) -> None:
    """Where the preset gives it no steps."""
    data = open_study_data(study_dataset, "label", ())
    path = tmp_path / "kept.toml"
    path.write_text("[autoencoder_training]\nmax_steps = 0\n")
    options = StudyOptions(
        generator_init="default", generator_preset=str(path), generator_minutes=0.02
    )
    dataset = write_training_dataset(data, data.item_ids[:6], tmp_path / "dataset")
    train_generators(dataset, tmp_path, ["lddm"], options, Console(quiet=True))
    assert json.loads((tmp_path / "steps.json").read_text()).keys() == {"diffusion"}
    before, after = (read_model(folder)[1] for folder in (find_model("default"), tmp_path / "lddm"))
    for name, tensor in after.items():
        if name.startswith("autoencoder."):
            assert torch.equal(tensor, before[name])
