"""What ``--init`` accepts."""

from pathlib import Path

import pytest
import torch

from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.errors import UsageError
from sonoloop.recipes.config import Preset
from sonoloop.recipes.initial_weights import start_from_run_or_model
from sonoloop.synthesis.pretrained import find_model, read_model, select


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
