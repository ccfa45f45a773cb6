"""What ``--init`` accepts."""

from pathlib import Path

import pytest
import torch
from rich.console import Console

from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.errors import UsageError
from sonoloop.recipes.config import Preset
from sonoloop.recipes.initial_weights import refuse_to_keep_nothing, start_from_run_or_model
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.synthesis.pretrained import find_model, read_model, select
from sonoloop.training.handover import HANDOVER_FILE

QUIET = Console(quiet=True)


def test_bundled_model_is_a_start_by_name_and_by_path() -> None:
    """Both stages take their own part, to the last weight."""
    folder = find_model("default")
    config, tensors = read_model(folder)
    parts = {
        "autoencoder": VideoAutoencoder(config.autoencoder),
        "diffusion": LatentDiffusion(config.diffusion, config.latent_shape),
    }
    for source in ("default", str(folder)):
        for part, module in parts.items():
            start_from_run_or_model(module, source, part=part)  # type: ignore[arg-type]
            stored = select(tensors, part)
            assert all(
                torch.equal(value, stored[name].to(value.dtype))
                for name, value in module.state_dict().items()
            )


def test_other_architecture_is_refused(small: Preset) -> None:
    """The sentence names the file and what does not fit."""
    with pytest.raises(UsageError, match=r"weights.safetensors does not fit this model \("):
        start_from_run_or_model(VideoAutoencoder(small.autoencoder), "default", part="autoencoder")


def test_what_is_neither_run_nor_model_is_refused(small: Preset, tmp_path: Path) -> None:
    """An empty folder, a name with a typing error."""
    module = VideoAutoencoder(small.autoencoder)
    for source in (str(tmp_path), "defualt"):
        with pytest.raises(UsageError, match=r"neither a run folder with checkpoints nor a model"):
            start_from_run_or_model(module, source, part="autoencoder")


def test_handover_file_is_a_start(dataset: Path, small: Preset, tmp_path: Path) -> None:
    """The averaged weights of the newest checkpoint, to the precision of fp16."""
    train_autoencoder(dataset, small, tmp_path / "run", max_seconds=0.0, console=QUIET)
    modules = [VideoAutoencoder(small.autoencoder) for _ in range(2)]
    for module, source in zip(modules, ("run", f"run/{HANDOVER_FILE}"), strict=True):
        start_from_run_or_model(module, str(tmp_path / source), part="autoencoder")
    states = [module.state_dict() for module in modules]
    assert all(tensor.dtype == torch.float32 for tensor in states[1].values())
    torch.testing.assert_close(*states, rtol=1e-3, atol=1e-6)
    diffusion = torch.nn.Linear(2, 2)
    with pytest.raises(UsageError, match="holds weights of 'autoencoder', not of 'diffusion'"):
        start_from_run_or_model(diffusion, str(tmp_path / "run" / HANDOVER_FILE), part="diffusion")


def test_no_steps_need_weights_to_keep() -> None:
    """Random ones are no model."""
    with pytest.raises(UsageError, match=r"^diffusion_training\.max_steps 0 keeps the weights of"):
        refuse_to_keep_nothing("diffusion", 0, None)
    refuse_to_keep_nothing("diffusion", 0, "default")
    refuse_to_keep_nothing("diffusion", 1, None)
