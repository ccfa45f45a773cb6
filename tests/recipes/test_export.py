"""Two run folders become a model that can be loaded and called."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from pydantic import BaseModel
from rich.console import Console
from safetensors.torch import load_file

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.data.phantom_files import write_phantoms
from sonoloop.data.prepare_options import PrepareOptions
from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.errors import UsageError
from sonoloop.flow.config import FlowConfig
from sonoloop.flow.model import ConditionalFlow
from sonoloop.recipes.export import export
from sonoloop.recipes.prepare import prepare
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.random_latents import RandomTrainingLatents
from sonoloop.training.checkpoint import Checkpoint, save_checkpoint
from sonoloop.training.run_folder import load_run

SETTINGS: Mapping[str, BaseModel] = {
    "clip": ClipConfig(size=64, num_frames=16, window_s=1.92),
    "autoencoder": AutoencoderConfig(
        size=64, num_frames=16, encoder_widths=(8, 8, 8, 8), latent_channels=4, decoder_width=8
    ),
    "diffusion": DiffusionConfig(width=16, depth=1, heads=2, condition_widths=(8, 8)),
    "flow": FlowConfig(num_blocks=2, hidden_width=8, condition_widths=(8, 8)),
}


class Line(NamedTuple):
    """What the steps before export leave behind."""

    autoencoder: Path
    diffusion: Path
    flow: Path
    data: Path


def write_run(path: Path, module: torch.nn.Module, **config: object) -> Path:
    """Write a run folder with random weights, as training does; return the EMA weights."""
    weights = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    checkpoint = save_checkpoint(path / "checkpoints", Checkpoint(12, weights, weights, {}, {}))
    settings = {name: section.model_dump(mode="json") for name, section in SETTINGS.items()}
    (path / "config.json").write_text(json.dumps({**settings, **config}))
    (path / "environment.json").write_text(json.dumps({"cpu": "an abacus", "cpu_count": 2}))
    (path / "log.jsonl").write_text('{"step": 6, "seconds": 60}\n{"step": 12, "seconds": 90}\n{"st')
    return checkpoint / "ema.safetensors"


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    """Prepare phantoms and write one run of each stage."""
    folder = tmp_path_factory.mktemp("line")
    write_phantoms(folder / "videos", count=6, size=64, seed=0)
    options = PrepareOptions(size=64, split="0.7,0.3,0", workers=1)
    prepare([folder / "videos"], folder / "data", options, console=Console(file=StringIO()))
    torch.manual_seed(0)
    autoencoder = VideoAutoencoder(AutoencoderConfig.model_validate(SETTINGS["autoencoder"]))
    ema = write_run(folder / "stage1", autoencoder, stage="autoencoder", data=str(folder / "data"))
    samplers: dict[str, torch.nn.Module] = {
        "diffusion": LatentDiffusion(
            DiffusionConfig.model_validate(SETTINGS["diffusion"]), autoencoder.latent_shape
        ),
        "flow": ConditionalFlow(
            FlowConfig.model_validate(SETTINGS["flow"]), autoencoder.latent_shape
        ),
    }
    sha256 = hashlib.sha256(ema.read_bytes()).hexdigest()
    for stage, sampler in samplers.items():
        write_run(folder / stage, sampler, stage=stage, autoencoder_weights_sha256=sha256)
    return Line(folder / "stage1", folder / "diffusion", folder / "flow", folder / "data")


def test_exported_model_works(line: Line, tmp_path: Path) -> None:
    """It loads, animates, knows its training stills and tells its history."""
    text = StringIO()
    config = export(
        line.autoencoder,
        line.diffusion,
        data=None,
        out=tmp_path / "model",
        name="phantom",
        console=Console(file=text, width=200),
    )
    model = ImageToVideo.from_pretrained(tmp_path / "model")
    assert model.config == config
    assert config.frame_rate_hz == pytest.approx(25 / 3)
    still = np.random.default_rng(0).integers(1, 255, (50, 70), dtype=np.uint8)
    assert model(still)[0][0].shape == (16, 50, 70)
    assert config.typicality is not None
    assert config.typicality.num_groups > 1
    card = (tmp_path / "model" / "README.md").read_text()
    assert "an abacus, 2 CPU cores" in card
    assert "| 12 | 1.5 |" in card
    assert "model 'phantom' written to" in text.getvalue()


def test_exported_control_gives_stills_latents_of_training_clips(
    line: Line, tmp_path: Path
) -> None:
    """No stage 2 is needed; the loop is the still with the motion of some training clip."""
    config = export(
        *(line.autoencoder, None),
        data=None,
        out=tmp_path / "model",
        name="control",
        console=Console(quiet=True),
    )
    model = ImageToVideo.from_pretrained(tmp_path / "model")
    assert config.random_latents is not None
    assert isinstance(model.sampler, RandomTrainingLatents)
    videos = ClipSet.open(line.data, "train", config.clip)
    assert config.random_latents.num_latents >= len(videos)
    assert isinstance(model.autoencoder, VideoAutoencoder)
    first = torch.from_numpy(videos.clip(0))[None, None].float() / 127.5 - 1
    with torch.no_grad():
        latent = model.autoencoder.encode(first)
    torch.testing.assert_close(model.sampler.latents[:1], latent, atol=1e-2, rtol=0)  # fp16
    still = np.random.default_rng(0).integers(1, 255, (50, 70), dtype=np.uint8)
    assert model(still)[0][0].shape == (16, 50, 70)
    assert "A control, not a model" in (tmp_path / "model" / "README.md").read_text()


def test_exported_baseline_works(line: Line, tmp_path: Path) -> None:
    """A model may hold a flow: the order of its permutations travels with it."""
    config = export(
        *(line.autoencoder, line.flow),
        stage_2="flow",
        data=None,
        out=tmp_path / "model",
        name="baseline",
        console=Console(quiet=True),
    )
    assert config.diffusion is None
    model = ImageToVideo.from_pretrained(tmp_path / "model")
    assert isinstance(model.sampler, ConditionalFlow)
    still = np.random.default_rng(0).integers(1, 255, (50, 70), dtype=np.uint8)
    assert model(still)[0][0].shape == (16, 50, 70)
    stored = load_file(load_run(line.flow).ema_path)
    order = model.sampler.state_dict()["blocks.1.permutation.order"]
    assert torch.equal(order, stored["blocks.1.permutation.order"])
    assert "| flow |" in (tmp_path / "model" / "README.md").read_text()
    with pytest.raises(UsageError, match="is a run of 'diffusion', not of 'flow'"):
        export(line.autoencoder, line.diffusion, stage_2="flow", data=None, out=tmp_path, name="x")


def test_runs_that_do_not_fit_are_refused(line: Line, tmp_path: Path) -> None:
    """Stages swapped, no run at all, another stage 1; nothing is written."""
    out = tmp_path / "model"
    with pytest.raises(UsageError, match="is a run of 'diffusion', not of 'autoencoder'"):
        export(line.diffusion, line.autoencoder, data=None, out=out, name="x")
    with pytest.raises(UsageError, match=r"holds no training run"):
        export(tmp_path, line.diffusion, data=None, out=out, name="x")
    torch.manual_seed(1)
    other = VideoAutoencoder(AutoencoderConfig.model_validate(SETTINGS["autoencoder"]))
    write_run(tmp_path / "other", other, stage="autoencoder", data=str(line.data))
    with pytest.raises(UsageError, match="was trained on other stage 1 weights than"):
        export(tmp_path / "other", line.diffusion, data=None, out=out, name="x")
    assert not out.exists()


def test_a_dataset_that_was_moved_can_be_named(line: Line, tmp_path: Path) -> None:
    """The run knows where it was; the message says how to tell where it is."""
    run = tmp_path / "stage1"
    shutil.copytree(line.autoencoder, run)
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps({**config, "data": "gone"}))
    with pytest.raises(
        UsageError, match=r"^gone \(where .*stage1 found it\): .*name it with --data"
    ):
        export(run, line.diffusion, data=None, out=tmp_path / "model", name="m")
    export(run, line.diffusion, data=line.data, out=tmp_path / "model", name="m")
    assert (tmp_path / "model" / "config.json").is_file()
