"""What settings of sampling do to the loops of a model: FVD against how they move.

    python benchmarks/sampling.py DATASET [--model default] [--split train] [--clips 96]
        [--settings temperature=0.7 temperature=0.85,guidance_scale=1.5 ...]

One window of each video of DATASET, whose patients the model should not have seen, and the same
noise for every row. Prints FVD (I3D on Kinetics-400, frames after the first) at the same n, then
temporal energy, flicker and order of the frames over those of the true clips (1 is right), and the
distance of optical flow in pixels. Choose on other patients than you report on.
"""

import argparse
from pathlib import Path

import torch
from fvd_of_loops import BATCH_SIZE, FvdOfLoops, held_out_windows
from torch import Tensor

from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.evaluation.motion import ClipMotion, clip_motion, compare_motion
from sonoloop.synthesis.pretrained import find_model, read_model


def motion_of(clips: Tensor) -> ClipMotion:
    """Measure clips (n, 1, t, h, w), some at a time."""
    return ClipMotion.joined([clip_motion(part) for part in torch.split(clips, BATCH_SIZE)])


def main() -> None:
    """Print a row per setting."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--split", default=None, choices=["train", "validation", "test"])
    parser.add_argument("--clips", type=int, default=96, help="most clips that are compared")
    parser.add_argument(
        "--settings",
        nargs="+",
        default=["temperature=1", "temperature=0.85", "temperature=0.7"],
        help="of DiffusionConfig: KEY=VALUE,KEY=VALUE",
    )
    given = parser.parse_args()
    config, _ = read_model(find_model(given.model))
    clips = held_out_windows(given.dataset, given.split, config.clip, most=1)[: given.clips]
    fvd = FvdOfLoops(clips)
    real = motion_of(clips)
    autoencoder, sampler = fvd.stages(given.model)
    if not isinstance(sampler, LatentDiffusion):
        parser.error(f"model {given.model} has no diffusion model as stage 2")
    print(f"n = {len(clips)}; the still repeated: FVD {fvd.still:.1f}")
    print("| settings | FVD | energy | flicker | order | flow distance, pixels |")
    print("|" + " --- |" * 6, flush=True)
    trained = sampler.config.model_dump()
    for settings in given.settings:
        changed = dict(word.split("=", 1) for word in settings.split(","))
        sampler.config = DiffusionConfig.model_validate(trained | changed)
        loops = fvd.loops(autoencoder, sampler).clamp(-1, 1)
        moved = compare_motion(real, motion_of(loops))
        ratios = (moved.energy_ratio, moved.flicker_ratio, moved.shuffle_ratio)
        figures = [f"{fvd.distance(loops):.1f}", *(f"{ratio:.2f}" for ratio in ratios)]
        print(f"| {settings} | {' | '.join(figures)} | {moved.flow_distance_px:.2f} |", flush=True)


if __name__ == "__main__":
    main()
