"""Judge somebody's clips from Python: FVD, motion and the nearest training clip.

    python examples/evaluate_clips.py REAL SYNTHETIC

Two folders of clips of any kind (mp4, gif, avi, npy, frame folders, DICOM), all of one shape. FVD
needs ``sonoloop weights fetch i3d-kinetics-400`` once; without it the rest is printed. What to read
beside these numbers (references, intervals) is what ``sonoloop evaluate`` adds.
"""

import argparse
from pathlib import Path

import torch

from sonoloop.evaluation.clip_embedding import flipped_pixel_embedding, pixel_embedding
from sonoloop.evaluation.clip_sets import ClipCollection, folder_clips
from sonoloop.evaluation.fvd import frechet_video_distance
from sonoloop.evaluation.motion import ClipMotion, clip_motion, compare_motion
from sonoloop.evaluation.similarity import nearest
from sonoloop.features.i3d import I3dKinetics400
from sonoloop.features.weights import WeightState, verify


def motion(clips: ClipCollection) -> ClipMotion:
    """Measure the motion of every clip, one in memory at a time."""
    return ClipMotion.joined([clip_motion(source.clip()) for source in clips.sources])


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path)
    parser.add_argument("synthetic", type=Path)
    asked = parser.parse_args()
    real, synthetic = folder_clips(asked.real), folder_clips(asked.synthetic)
    for name, reason in (*real.failures, *synthetic.failures):
        print(f"left out: {name}: {reason}")

    if verify("i3d-kinetics-400") is WeightState.READY:
        real_clips = (source.clip() for source in real.sources)
        synthetic_clips = (source.clip() for source in synthetic.sources)
        extractor = I3dKinetics400.from_weights()
        found = frechet_video_distance(real_clips, synthetic_clips, extractor, batch_size=4)
        print(f"FVD {found.value:.1f} of {found.num_synthetic} clips, {found.extractor_id}")
        for warning in found.warnings:
            print(f"  {warning}")

    moved = compare_motion(motion(real), motion(synthetic))
    print(f"temporal energy {moved.energy_ratio:.2f} of the real clips', 1 is right")
    print(f"order of frames {moved.shuffle_ratio:.2f} of theirs, 0 is none")

    alike = nearest(
        (flipped_pixel_embedding(source.clip()) for source in synthetic.sources),
        torch.cat([pixel_embedding(source.clip()) for source in real.sources]),
        query_groups=["synthetic"] * len(synthetic),
        reference_groups=["real"] * len(real),
    )
    place = int(alike.similarity.argmax())
    print(
        f"nearest to a real clip: {synthetic.sources[place].name}, similarity "
        f"{float(alike.similarity[place]):.3f} to {real.sources[int(alike.index[place])].name}"
    )


if __name__ == "__main__":
    main()
