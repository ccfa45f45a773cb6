"""Adapting a model to few videos against training from scratch, at equal minutes.

    python benchmarks/adapt.py --out DIR [--base default] [--counts 10 20 40] [--minutes 5]
    python benchmarks/adapt.py --out DIR --dataset DATASET --videos FOLDER

The videos are phantoms in a convex probe's sector, which no model here was trained on, or files of
FOLDER from which DATASET was prepared: drawn from its training patients, and tested on its test
patients. "Stage 1 kept" leaves all minutes to stage 2, "from scratch" is the same recipe, minutes
and architecture from random weights. Reconstruction, motion (temporal energy of new loops over that
of the clips, 1 is right) and FVD are measured on videos that no model here was trained on.
"""

import argparse
import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import torch
from fvd_of_loops import FvdOfLoops
from rich.console import Console

from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.data.phantom import phantom_clip
from sonoloop.data.phantom_files import write_phantoms
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.recipes.adapt import Stage1, adapt
from sonoloop.recipes.adapt_check import score
from sonoloop.recipes.training_data import fixed_clips
from sonoloop.synthesis.animation import to_float
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.pretrained import find_model, pack_weights, read_model, select, write_model

FRAME_STRIDE = 3
"""16 frames spread over 48 at 25 Hz, the model's window of 1.92 s."""
COLUMNS = ("item_id", "group_id", "label")


def random_model(base: str, folder: Path, seed: int) -> None:
    """Write a model of the same architecture that has learnt nothing."""
    config, tensors = read_model(find_model(base))
    if config.diffusion is None:
        msg = f"{base} holds the baseline's stage 2: this compares diffusion models"
        raise SystemExit(msg)
    torch.manual_seed(seed)
    autoencoder = VideoAutoencoder(config.autoencoder).state_dict()
    diffusion = LatentDiffusion(config.diffusion, config.latent_shape).state_dict()
    networks = {"autoencoder": autoencoder, "diffusion": diffusion}
    weights = pack_weights(networks, select(tensors, "typicality"))
    sha256 = hashlib.sha256(weights).hexdigest()
    write_model(folder, config.model_copy(update={"weights_sha256": sha256}), weights, "random\n")


def held_out_phantoms(size: int, count: int) -> torch.Tensor:
    """Simulate clips that no model here sees in training."""
    clips = [
        phantom_clip(np.random.default_rng([9, number]), size=size, sector=True)[::FRAME_STRIDE]
        for number in range(count)
    ]
    return to_float(np.stack(clips))[:, None]


def held_out_videos(dataset: Path, config: ClipConfig, count: int) -> torch.Tensor:
    """Take clips of a dataset's test patients."""
    return fixed_clips(ClipSet.open(dataset, "test", config), count, torch.device("cpu"))


def copy_videos(dataset: Path, source: Path, out: Path, *, count: int, seed: int) -> None:
    """Copy some files of a dataset's training patients, each patient's in a folder of its own."""
    index = pl.read_parquet(dataset / "index.parquet").filter(pl.col("split") == "train")
    chosen = np.random.default_rng(seed).permutation(len(index))[:count]
    lines = ["path,patient_id,label"]
    for item_id, group_id, label in index[chosen].select(COLUMNS).iter_rows():
        target = out / item_id
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / item_id, target)
        lines.append(f"{item_id},{group_id},{label}")
    (out / "manifest.csv").write_text("\n".join(lines) + "\n")


def row(model: str, clips: torch.Tensor, fvd: FvdOfLoops) -> str:
    """Measure a model: reconstruction and its FVD, motion of loops and their FVD."""
    scores, distances = score(ImageToVideo.from_pretrained(model), clips), fvd(model)
    figures = (f"{scores.psnr_db:.2f}", f"{distances.rebuilt:.0f}")
    return " | ".join((*figures, f"{scores.motion:.2f}", f"{distances.made:.0f}"))


def main() -> None:
    """Print one row per number of videos."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--dataset", type=Path, help="prepared, of --videos; default: phantoms")
    parser.add_argument("--videos", type=Path, help="the folder --dataset was prepared from")
    parser.add_argument("--base", default="default")
    parser.add_argument("--counts", type=int, nargs="+", default=[10, 20, 40])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--test", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    if (asked.dataset is None) != (asked.videos is None):
        parser.error("--dataset and --videos go together")
    config = read_model(find_model(asked.base))[0].clip
    if asked.dataset:
        clips = held_out_videos(asked.dataset, config, asked.test)
    else:
        clips = held_out_phantoms(config.size, asked.test)
    random_model(asked.base, asked.out / "random", asked.seed)
    starts: dict[str, tuple[str, Stage1]] = {
        "stage 1 kept": (asked.base, "keep"),
        "adapted": (asked.base, "adapt"),
        "from scratch": (str(asked.out / "random"), "adapt"),
    }
    machine = f"{os.cpu_count()} cores, {torch.get_num_threads()} threads"
    fvd = FvdOfLoops(clips)
    print(
        f"{asked.minutes:g} minutes each, {len(clips)} test clips, {machine}; the still repeated: "
        f"FVD {fvd.still:.0f}"
    )
    print("| videos | start | reconstruction, dB | FVD | loops: motion | FVD |")
    print("| --- | --- | --- | --- | --- | --- |")
    print(f"| 0 | as it is | {row(asked.base, clips, fvd)} |", flush=True)
    for count in asked.counts:
        videos = asked.out / f"videos{count}"
        if asked.dataset:
            copy_videos(asked.dataset, asked.videos, videos, count=count, seed=asked.seed)
        else:
            write_phantoms(videos, count=count, size=config.size, seed=asked.seed, sector=True)
        for name, (start, stage_1) in starts.items():
            out = asked.out / f"{name.replace(' ', '-')}{count}"
            quiet = Console(quiet=True)
            adapt([videos], out, minutes=asked.minutes, model=start, stage_1=stage_1, console=quiet)
            print(f"| {count} | {name} | {row(str(out), clips, fvd)} |", flush=True)


if __name__ == "__main__":
    main()
