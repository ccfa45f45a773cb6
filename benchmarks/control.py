"""How much loops move when a motion strength or a label is asked for.

    python benchmarks/control.py --model MODEL [--stills 12] [--samples 2]

MODEL was trained with --control on phantoms. Prints the mean absolute change between frames in grey
levels, over unseen phantoms, for motion strengths and guidance scales, and for each label.
"""

import argparse

import numpy as np

from sonoloop.data.phantom import phantom_clip
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.synthesis.image_to_video import ImageToVideo

STRENGTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
SCALES = (1.0, 2.0, 3.0)


def main() -> None:
    """Print one row per guidance scale."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--stills", type=int, default=12)
    parser.add_argument("--samples", type=int, default=2)
    asked = parser.parse_args()
    model = ImageToVideo.from_pretrained(asked.model, device="cpu")
    if not isinstance(model.sampler, LatentDiffusion):
        raise TypeError
    size = model.config.clip.size
    stills = [
        phantom_clip(np.random.default_rng([1, number]), size=size, num_frames=1)[0]
        for number in range(asked.stills)
    ]

    def energy(
        label: str | None = None, motion: float | None = None, guidance_scale: float = 1.0
    ) -> float:
        loops = model(
            stills,
            num_samples=asked.samples,
            batch_size=8,
            label=label,
            motion=motion,
            guidance_scale=guidance_scale,
        )
        clips = np.stack([clip for still in loops for clip in still]).astype(np.float32)
        return float(np.abs(np.diff(clips, axis=1)).mean())

    print(f"{asked.stills} stills x {asked.samples}, seed 0; nothing asked for: {energy():.2f}")
    names = [*(f"motion {strength:g}" for strength in STRENGTHS), *model.sampler.config.labels]
    print(f"| guidance scale | {' | '.join(names)} |\n|{' --- |' * (len(names) + 1)}")
    for scale in SCALES:
        row = [energy(motion=strength, guidance_scale=scale) for strength in STRENGTHS]
        labels = model.sampler.config.labels
        row += [energy(label=label, guidance_scale=scale) for label in labels]
        print(f"| {scale:g} | {' | '.join(f'{value:.2f}' for value in row)} |", flush=True)


if __name__ == "__main__":
    main()
