"""A program for torchrun: both stages with everything random in them.

``DATASET OUT STAGE SECONDS STAGE_1 SECTION.KEY=VALUE ...`` goes on with what OUT holds, for so
long; 0 makes one step. STAGE_1 is the run that stage 2 takes.
"""

import sys
from pathlib import Path

from rich.console import Console

from sonoloop.recipes.config import load_preset
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.recipes.train_diffusion import train_diffusion

QUIET = Console(quiet=True)
STEPS = 5


def train(
    dataset: Path, out: Path, stage: str, seconds: float, stage_1: Path, *settings: str
) -> None:
    """Train or go on: critics with normalisation and R1, augmentation, noise, dropout, control."""
    training = {"batch_size": 4, "max_steps": STEPS, "log_every": 1, "sample_every": 100}
    shared = {
        f"{section}.{key}": value
        for section in ("autoencoder_training", "diffusion_training")
        for key, value in training.items()
    }
    preset = load_preset(
        "tiny",
        {
            **shared,
            "autoencoder.encoder_widths": [8, 8, 8, 8],
            "autoencoder.residual_blur": 2.0,
            "autoencoder.speckle": 0.5,
            "augmentation.rotation_degrees": 5.0,
            "augmentation.contrast": 0.2,
            "autoencoder_losses.kl": 1e-3,
            "autoencoder_losses.patch_adversarial": 0.1,
            "autoencoder_losses.temporal_adversarial": 0.1,
            "autoencoder_losses.feature_matching": 1.0,
            "autoencoder_losses.r1": 1.0,
            "critics.start": 0.25,
            "critics.patch_width": 8,
            "critics.patch_norm": "actnorm",
            "critics.temporal_widths": [8, 8, 8, 8],
            "latent_cache.encodings_per_video": 3,
            "latent_cache.batch_size": 2,
            "latent_cache.posterior": "sample",
            "diffusion.dropout": 0.2,
            "diffusion.condition_dropout": 0.3,
            "control": True,
            **dict(setting.split("=") for setting in settings),
        },
    )
    options = {"resume": True, "max_seconds": seconds, "console": QUIET}
    if stage == "autoencoder":
        train_autoencoder(dataset, preset, out / stage, **options)
    else:
        train_diffusion(dataset, stage_1, preset, out / stage, **options)


if __name__ == "__main__":
    data, out_folder, stage_name, time_given, stage_1_run, *rest = sys.argv[1:]
    train(Path(data), Path(out_folder), stage_name, float(time_given), Path(stage_1_run), *rest)
