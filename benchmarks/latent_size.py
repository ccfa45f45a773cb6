"""How large the latent should be: what stage 1 rebuilds, and what stage 2 makes of it.

    python benchmarks/latent_size.py TRAINING --held-out DATASET --out DIR [--channels 1 2 4 8 16]
        [--init default] [--preset laptop] [--steps 600] [--stage-2-steps 1000] [--split train]
        [--set SECTION.KEY=VALUE ...]

Stage 1 starts from a model whose layers at the latent (the encoder's head, the decoder's stem and
what tells its blocks) are drawn anew, for every number of channels alike, and stage 2 from random
weights; steps and seed are the same in all rows. Measured on one window of each held-out video,
with the same noise: PSNR of frames after the first and FVD (I3D on Kinetics-400, the same frames)
of the clips rebuilt, FVD and temporal energy over the true one of loops of their first frames, and
FVD of loops with latents of random training clips, which stage 2 must beat. The same command again
goes on where it was stopped.
"""

import argparse
import hashlib
import math
from pathlib import Path
from typing import Final

import torch
from equal_search import unless_interrupted
from fvd_of_loops import FvdOfLoops, held_out_windows
from rich.console import Console

from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.evaluation.reconstruction import psnr
from sonoloop.recipes.config import Preset, load_preset
from sonoloop.recipes.export import export
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.recipes.train_diffusion import train_diffusion
from sonoloop.synthesis.pretrained import find_model, pack_weights, read_model, select, write_model

AT_THE_LATENT: Final = ("encoder.head.", "decoder.stem.")
"""Beginnings of the names of weights whose shapes follow the latent's channels."""
IN_BLOCKS: Final = ".adain."
QUIET: Final = Console(quiet=True)


def start_of(base: str, channels: int, preset: Preset, folder: Path, *, seed: int) -> None:
    """Write a model whose layers at the latent, and stage 2, have learnt nothing."""
    config, tensors = read_model(find_model(base))
    trained = select(tensors, "autoencoder")
    settings = preset.autoencoder.model_copy(
        update={"latent_channels": channels, "speckle": config.autoencoder.speckle}
    )
    torch.manual_seed(seed)
    autoencoder = VideoAutoencoder(settings)
    kept = {
        name: tensor
        for name, tensor in trained.items()
        if not name.startswith(AT_THE_LATENT) and IN_BLOCKS not in name
    }
    autoencoder.load_state_dict(autoencoder.state_dict() | kept)
    diffusion = LatentDiffusion(preset.diffusion, autoencoder.latent_shape)
    networks = {"autoencoder": autoencoder.state_dict(), "diffusion": diffusion.state_dict()}
    weights = pack_weights(networks, select(tensors, "typicality"))
    changed = {
        "clip": preset.clip,
        "autoencoder": settings,
        "diffusion": preset.diffusion,
        "latent_shape": autoencoder.latent_shape,
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
    }
    write_model(folder, config.model_copy(update=changed), weights, "a start\n")


def row(given: argparse.Namespace, channels: int, preset: Preset, fvd: FvdOfLoops) -> str:
    """Train and measure one size."""
    folder = given.out / f"channels{channels}"
    start, stage_1, stage_2 = folder / "start", folder / "stage1", folder / "stage2"
    if not start.is_dir():
        start_of(given.init, channels, preset, start, seed=given.seed)
    settings = preset.autoencoder.model_copy(update={"latent_channels": channels})
    preset = preset.model_copy(update={"autoencoder": settings})
    unless_interrupted(
        train_autoencoder(
            given.training, preset, stage_1, init=str(start), resume=True, console=QUIET
        )
    )
    unless_interrupted(
        train_diffusion(given.training, stage_1, preset, stage_2, resume=True, console=QUIET)
    )
    for name, run in (("model", stage_2), ("random", None)):
        if not (folder / name).is_dir():
            export(stage_1, run, data=given.training, out=folder / name, name=name, console=QUIET)
    autoencoder, sampler = fvd.stages(folder / "model")
    rebuilt, loops = fvd.rebuilt_and_made(autoencoder, sampler)
    random = fvd.loops(*fvd.stages(folder / "random"))
    figures = (
        f"{math.prod(autoencoder.latent_shape):,}",
        f"{float(psnr(rebuilt.clamp(-1, 1), fvd.real)[:, 1:].mean()):.2f}",
        f"{fvd.distance(rebuilt):.1f}",
        f"{fvd.energy(loops):.2f}",
        f"{fvd.distance(loops):.1f}",
        f"{fvd.distance(random):.1f}",
    )
    return f"| {channels} | {' | '.join(figures)} |"


def main() -> None:
    """Print a row per size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("training", type=Path)
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--split", default=None, choices=["train", "validation", "test"])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--channels", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--init", default="default")
    parser.add_argument("--preset", default="laptop")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--stage-2-steps", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", nargs="*", default=[], help="SECTION.KEY=VALUE of the preset")
    given = parser.parse_args()
    asked = {
        "autoencoder_training.max_steps": str(given.steps),
        "autoencoder_training.seed": str(given.seed),
        "diffusion_training.max_steps": str(given.stage_2_steps),
        "diffusion_training.seed": str(given.seed),
    } | dict(word.split("=", 1) for word in given.set)
    preset = load_preset(given.preset, asked)
    given.out.mkdir(parents=True, exist_ok=True)
    clips = held_out_windows(given.held_out, given.split, preset.clip, most=1)
    fvd = FvdOfLoops(clips)
    print(f"n = {len(clips)}; the still repeated: FVD {fvd.still:.1f}")
    print("| channels | numbers | PSNR, dB | FVD, rebuilt | energy | FVD, loops | random latents |")
    print("|" + " --- |" * 7, flush=True)
    for channels in given.channels:
        print(row(given, channels, preset, fvd), flush=True)


if __name__ == "__main__":
    main()
