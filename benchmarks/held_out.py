"""Measure a model on the videos of a prepared dataset: reconstructed, synthesized, still repeated.

    python benchmarks/held_out.py DATASET [--model default] [--split test] [--clips 32]

Prints, over one clip of each video: PSNR and SSIM against the true frames 1 to the last, the
temporal energy ratio mean|v[t+1] - v[t]| made / real (1 is right), how much shuffling the frames
raises the temporal energy (1 is flicker; the real clips' own value stands beside it), the mean flow
in pixels, and how much of the frame it turns inside out (the area a pixel comes from is negative).
Reading a synthesized clip's PSNR asks for care: it measures how far it is from one of many true
futures. With --strip it draws real, reconstructed and synthesized frames; do not publish such a
picture of a data set whose licence forbids it.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sonoloop import ImageToVideo
from sonoloop.autoencoder.losses import ssim
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.data.augmentation import to_float
from sonoloop.data.clip_sampling import ClipSet
from sonoloop.layers.warp import jacobian_determinant
from sonoloop.training.sample_strip import write_strip


class Figures(NamedTuple):
    """Means over clips."""

    psnr: float
    ssim: float
    energy_ratio: float
    shuffle_ratio: float


def temporal_energy(clip: Tensor) -> Tensor:
    """Mean absolute difference of neighbouring frames, one number a clip."""
    return clip.diff(dim=2).abs().mean(dim=(1, 2, 3, 4))


def shuffled(clip: Tensor, seed: int = 0) -> Tensor:
    """Put the frames of all clips into one random order."""
    order = np.random.default_rng(seed).permutation(clip.shape[2])
    return clip[:, :, torch.from_numpy(order)]


def compare(clip: Tensor, real: Tensor) -> Figures:
    """Measure clips against the true ones."""
    made, true = clip.clamp(-1, 1)[:, :, 1:], real[:, :, 1:]
    errors = (made - true).square().mean(dim=(1, 2, 3, 4)).clamp(min=1e-8)
    energy = temporal_energy(clip)
    return Figures(
        psnr=float((10 * torch.log10(4 / errors)).mean()),
        ssim=float(ssim(made, true)),
        energy_ratio=float(energy.sum() / temporal_energy(real).sum()),
        shuffle_ratio=float(temporal_energy(shuffled(clip)).sum() / energy.sum().clamp(min=1e-8)),
    )


def main() -> None:
    """Parse the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--split", default=None, choices=["train", "validation", "test"])
    parser.add_argument("--clips", type=int, default=32)
    parser.add_argument("--steps", type=int, default=None)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--strip", type=Path, default=None)
    options = parser.parse_args()

    model = ImageToVideo.from_pretrained(options.model)
    autoencoder = model.autoencoder
    if not isinstance(autoencoder, VideoAutoencoder):
        raise TypeError
    clips = ClipSet.open(options.dataset, options.split, model.config.clip)
    number = min(options.clips, len(clips))
    items = [index * len(clips) // number for index in range(number)]
    real, reconstructed, synthesized, flows = [], [], [], []
    with torch.inference_mode():
        for item in items:
            clip = to_float(torch.from_numpy(clips.clip(item)[None])).to(model.device)
            first_frame = clip[:, :, 0]
            features = autoencoder.first_frame_features(first_frame)
            generator = torch.Generator().manual_seed(options.seed + item)
            latent = model.sampler.sample(
                first_frame, generators=[generator], num_inference_steps=options.steps
            )
            noise = autoencoder.draw_speckle_noise([generator])
            rebuilt = autoencoder.decode(first_frame, autoencoder.encode(clip), features, noise)
            made = autoencoder.decode(first_frame, latent, features, noise)
            real.append(clip.cpu())
            reconstructed.append(rebuilt.clip.cpu())
            synthesized.append(made.clip.cpu())
            if made.flow is not None:
                flows.append(made.flow.cpu())
    true = torch.cat(real)
    rows = {
        "real": true,
        "still repeated": true[:, :, :1].expand_as(true),
        "reconstructed": torch.cat(reconstructed),
        "synthesized": torch.cat(synthesized),
    }
    print(f"n = {number} clips, one a video, of {options.dataset.name}, seed {options.seed}")
    print(f"{'':16}{'PSNR':>8}{'SSIM':>8}{'energy':>8}{'shuffle':>8}")
    for name, clip in rows.items():
        figures = compare(clip, true)
        print(f"{name:16}" + "".join(f"{value:8.3f}" for value in figures))
    if flows:
        flow = torch.cat(flows)
        folds = jacobian_determinant(flow[:, :, 1:]) < 0
        print(
            f"flow of synthesized clips: {float(flow.norm(dim=1).mean()):.2f} pixels on average; "
            f"it turns {float(folds.float().mean()):.3%} of the pixels inside out, in "
            f"{float(folds.flatten(1).any(dim=1).float().mean()):.0%} of the clips"
        )
    if options.strip is not None:
        kinds = (rows["real"], rows["reconstructed"], rows["synthesized"])
        shown = range(0, number, max(1, number // 6))
        write_strip(options.strip, [kind[item, 0] for item in shown for kind in kinds])


if __name__ == "__main__":
    main()
