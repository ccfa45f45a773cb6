"""What critics (with new speckle) and LPIPS are worth to stage 1, on clips of unseen patients.

    python benchmarks/stage_1_terms.py DATASET --out DIR [--preset default] [--steps 600]
        [--variants pixels critic temporal lpips] [--init MODEL]
        [--set SECTION.KEY=VALUE ...]

Stage 1 is trained anew for every variant, with the same steps and seed, and rebuilds every window
of the held-out videos. Prints the minutes of training, temporal energy over the true one (1 is
right), PSNR of the frames after the first, LPIPS of the net that no variant is trained on, and FVD
(I3D on Kinetics-400, frames after the first) at the same n and noise. The same command again goes
on where it was stopped.
"""

import argparse
from pathlib import Path
from typing import Final

import torch
from equal_search import unless_interrupted
from fvd_of_loops import FvdOfLoops, held_out_windows
from rich.console import Console
from torch import Tensor

from sonoloop.evaluation.reconstruction import psnr
from sonoloop.features.perceptual import Lpips, lpips
from sonoloop.recipes.config import load_preset
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.recipes.trained_autoencoder import load_autoencoder
from sonoloop.training.log import read_lines

FRAMES_AT_ONCE: Final = 32
NONE: Final = {
    "autoencoder.speckle": "0",
    "autoencoder_losses.patch_adversarial": "0",
    "autoencoder_losses.temporal_adversarial": "0",
    "autoencoder_losses.feature_matching": "0",
    "autoencoder_losses.perceptual": "0",
}
CRITIC: Final = NONE | {
    "autoencoder.speckle": "0.5",
    "autoencoder_losses.patch_adversarial": "0.05",
    "autoencoder_losses.feature_matching": "1",
    "critics.learning_rate_scale": "0.5",
    "critics.start": "0.3",
    "autoencoder_training.betas": "[0.5, 0.99]",
}
VARIANTS: Final = {
    "pixels": NONE,
    "critic": CRITIC,
    "temporal": CRITIC | {"autoencoder_losses.temporal_adversarial": "0.05"},
    "lpips": CRITIC | {"autoencoder_losses.perceptual": "0.02"},
}
"""Only a critic teaches new speckle, so the two come together; the last two add to "critic"."""


def row(name: str, minutes: float, clips: Tensor, fvd: FvdOfLoops, net: Lpips) -> str:
    """Measure clips that should be the true ones."""
    clips = clips.clamp(-1, 1)
    psnr_db = float(psnr(clips, fvd.real)[:, 1:].mean())
    frames, true = (v[:, :, 1:].transpose(1, 2).flatten(0, 1) for v in (clips, fvd.real))
    parts = zip(torch.split(frames, FRAMES_AT_ONCE), torch.split(true, FRAMES_AT_ONCE), strict=True)
    distances = torch.cat([lpips(one, other, net) for one, other in parts])
    return (
        f"| {name} | {minutes:.1f} | {fvd.energy(clips):.2f} | {psnr_db:.2f} "
        f"| {float(distances.mean()):.4f} | {fvd.distance(clips):.0f} |"
    )


def main() -> None:
    """Print a row per variant."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--preset", default="default")
    parser.add_argument("--init", default=None)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--split", default="test", choices=["validation", "test"])
    parser.add_argument("--set", nargs="*", default=[], help="SECTION.KEY=VALUE of the preset")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    asked = {"autoencoder_training.max_steps": str(given.steps)}
    asked |= dict(word.split("=", 1) for word in given.set)
    clip_config = load_preset(given.preset, asked).clip
    fvd = FvdOfLoops(held_out_windows(given.dataset, given.split, clip_config))
    net = Lpips.from_weights("vgg")
    print(f"n = {len(fvd.real)} windows of {given.split}, {given.steps} steps")
    print("| trained with | minutes | energy | PSNR, dB | LPIPS (vgg) | FVD |")
    print("|" + " --- |" * 6)
    still = fvd.real[:, :, :1].expand_as(fvd.real)
    print(row("nothing: the still repeated", 0, still, fvd, net), flush=True)
    for name in given.variants:
        preset = load_preset(given.preset, VARIANTS[name] | asked)
        run = given.out / name
        outcome = train_autoencoder(
            given.dataset, preset, run, init=given.init, resume=True, console=Console(quiet=True)
        )
        unless_interrupted(outcome)
        autoencoder = load_autoencoder(run).model.to(fvd.device).eval()
        minutes = float(str(read_lines(run / "log.jsonl")[-1]["seconds"])) / 60
        print(row(name, minutes, fvd.rebuilt(autoencoder), fvd, net), flush=True)


if __name__ == "__main__":
    main()
