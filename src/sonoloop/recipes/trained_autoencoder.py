"""Stage 1 as its run left it, for the steps that build on it."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from safetensors.torch import load_file

from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.errors import UsageError
from sonoloop.layers.memory_format import use_channels_last
from sonoloop.recipes import train_autoencoder
from sonoloop.recipes.config import Preset, parse_preset
from sonoloop.training.run_folder import load_run


class TrainedAutoencoder(NamedTuple):
    """Stage 1 as its run left it.

    Args:
        model: With the averaged weights, in evaluation mode, on the CPU.
        preset: Its settings.
        weights_sha256: Of its weights file.
    """

    model: VideoAutoencoder
    preset: Preset
    weights_sha256: str


def load_autoencoder(run: Path) -> TrainedAutoencoder:
    """Load stage 1 from its run folder.

    Args:
        run: The folder.

    Returns:
        Model and settings.

    Raises:
        UsageError: If the folder holds no checkpoint of stage 1, or one of another version.
    """
    config, ema_path = load_run(run)
    if config.get("stage") != train_autoencoder.STAGE:
        msg = (
            f"{run} is a run of {config.get('stage')}, not of stage 1: "
            "give the --out of 'sonoloop train autoencoder'"
        )
        raise UsageError(msg)
    sections = {name: config[name] for name in Preset.model_fields if name in config}
    preset = parse_preset(sections, source=str(run / "config.json"))
    model = VideoAutoencoder(preset.autoencoder)
    use_channels_last(model)
    try:
        model.load_state_dict(load_file(ema_path))
    except Exception as error:
        msg = f"{ema_path} does not fit its config.json ({error}): train stage 1 again"
        raise UsageError(msg) from error
    sha256 = hashlib.sha256(ema_path.read_bytes()).hexdigest()
    return TrainedAutoencoder(model.eval().requires_grad_(requires_grad=False), preset, sha256)
