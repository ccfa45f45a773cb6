"""A program for torchrun: both stages with everything random in them; DATASET OUT STEPS."""

import sys
from pathlib import Path

from rich.console import Console

from sonoloop.recipes.config import load_preset
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.recipes.train_diffusion import train_diffusion

QUIET = Console(quiet=True)


def train(dataset: Path, out: Path, *, stage_1_steps: int = 3, stage_2_steps: int = 3) -> None:
    """Train or go on: critics with normalisation and R1, augmentation, noise, dropout, control."""
    sections = ("autoencoder_training", "diffusion_training")
    shared = {
        f"{section}.{key}": value
        for section in sections
        for key, value in {"batch_size": 4, "log_every": 1, "sample_every": 100}.items()
    }
    preset = load_preset(
        "tiny",
        {
            **shared,
            "autoencoder_training.max_steps": stage_1_steps,
            "diffusion_training.max_steps": stage_2_steps or 1,
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
            "latent_cache.encodings_per_video": 2,
            "latent_cache.posterior": "sample",
            "diffusion.dropout": 0.2,
            "diffusion.condition_dropout": 0.3,
            "control": True,
        },
    )
    train_autoencoder(dataset, preset, out / "stage1", resume=True, console=QUIET)
    if stage_2_steps:
        arguments = (dataset, out / "stage1", preset, out / "stage2")
        train_diffusion(*arguments, resume=True, console=QUIET)


if __name__ == "__main__":
    train(Path(sys.argv[1]), Path(sys.argv[2]))
