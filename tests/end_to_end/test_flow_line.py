"""The baseline's line on phantoms through the command line, in small."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from rich.console import Console

from sonoloop.data.phantom import phantom_clip
from sonoloop.data.phantom_files import write_phantoms
from sonoloop.data.prepare_options import PrepareOptions
from sonoloop.recipes.prepare import prepare
from sonoloop.training.log import read_lines

ExitStatus = Callable[..., int]
CINN = (
    *("autoencoder.encoder=cinn", "autoencoder.encoder_stem=8", "autoencoder.latent=vector"),
    *("autoencoder.latent_channels=16", "autoencoder.decoder=spade"),
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare phantoms."""
    folder = tmp_path_factory.mktemp("line")
    write_phantoms(folder / "phantoms", count=12, size=64, seed=0)
    options = PrepareOptions(size=64, workers=1)
    prepare([folder / "phantoms"], folder / "dataset", options, console=Console(quiet=True))
    return folder / "dataset"


@pytest.mark.parametrize("stage_1", [(), CINN], ids=["warp, grid", "cINN, vector"])
def test_a_flow_is_trained_exported_and_animates(
    dataset: Path, tmp_path: Path, stage_1: tuple[str, ...], exit_status: ExitStatus
) -> None:
    """Its loss falls, the model loads, and a loop says how it was made."""
    autoencoder, flow, model = tmp_path / "autoencoder", tmp_path / "flow", tmp_path / "model"
    common = ("--data", dataset, "--preset", "tiny", "--set")
    short = ("autoencoder_training.max_steps=3", "autoencoder_training.batch_size=2")
    train = ("train", "autoencoder", *common, *short, *stage_1, "--out", autoencoder)
    assert exit_status(*train) == 0
    settings = ("flow_training.max_steps=60", "latent_cache.posterior=sample")
    train = ("train", "flow", *common, *settings, "--autoencoder", autoencoder, "--out", flow)
    assert exit_status(*train) == 0
    losses = [line["losses"]["loss"] for line in read_lines(flow / "log.jsonl") if "losses" in line]
    assert losses[-1] < losses[0]
    assert exit_status("export", "--autoencoder", autoencoder, "--flow", flow, "--out", model) == 0
    assert json.loads((model / "config.json").read_text())["diffusion"] is None
    still = tmp_path / "still.png"
    Image.fromarray(phantom_clip(np.random.default_rng(1))[0]).save(still)
    loops = tmp_path / "loops"
    synthesize = ("synthesize", still, "--model", model, "--out", loops, "--formats", "npy")
    assert exit_status(*synthesize, "--samples", "2") == 0
    one, two = (np.load(file) for file in sorted(loops.rglob("*.npy")))
    assert one.shape[0] == 16
    assert np.array_equal(one[0], two[0])
    assert not np.array_equal(one, two)
    rows = pl.read_parquet(loops / "manifest.parquet")
    assert set(rows["sampler"]) == {"flow_inverse"}
    assert set(rows["num_inference_steps"]) == {1}
    assert exit_status(*synthesize, "--steps", "10", "--seed", "1") == 2
