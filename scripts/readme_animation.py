"""Draw the README's animation: a real cine beside two loops made from its first frame.

    python scripts/readme_animation.py docs/pictures/demo.gif

The cine is the ultrasound example that comes with pydicom, at the loops' frame rate and from its
start again where it ends. Loops of the bundled model, seed 0.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sonoloop.data.reading import read_recording
from sonoloop.data.recording import Frames
from sonoloop.recipes.demo import real_still
from sonoloop.recipes.synthesize import synthesize
from sonoloop.synthesis.batch_options import BatchOptions
from sonoloop.synthesis.export import write_gif
from sonoloop.synthesis.pretrained import find_model, read_model
from sonoloop.synthesis.provenance import read_provenance
from sonoloop.synthesis.synthetic_mark import mark_synthetic

MODEL: Final = "default"
LOOPS: Final = 2
LETTERS_PX: Final = 10
SCAN: Final = np.s_[:, :224, 62:264]
"""Frames, rows and columns that are shown: the scan, without what is written beside it."""


def real_cine(path: Path, *, num_frames: int, frame_rate_hz: float) -> Frames:
    """Read the cine at a loop's times (t, h, w)."""
    recording = read_recording(path)
    step_s = recording.times_s[1] - recording.times_s[0]
    numbers = np.rint(np.arange(num_frames) / frame_rate_hz / step_s).astype(int)
    frames: Frames = recording.frames.take(numbers, axis=0, mode="wrap")
    return frames


def labelled(frames: Frames, text: str) -> Frames:
    """Write a word into the lower right corner of every frame."""
    font = ImageFont.load_default(size=LETTERS_PX)
    height, width = frames.shape[1:]
    pictures = [Image.fromarray(pixels) for pixels in frames]
    for picture in pictures:
        place = (width - LETTERS_PX // 2, height - LETTERS_PX // 2)
        ImageDraw.Draw(picture).text(place, text, fill=255, font=font, anchor="rs")
    return np.stack([np.asarray(picture) for picture in pictures])


def main() -> None:
    """Write the animation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    still = real_still()
    rate = read_model(find_model(MODEL))[0].frame_rate_hz
    with tempfile.TemporaryDirectory() as folder:
        options = BatchOptions(num_samples=LOOPS, formats=("npy", "gif"))
        rows = synthesize([still], Path(folder), options, model=MODEL).rows
        loops = [np.load(Path(folder, str(row["npy"]))) for row in rows]
        provenance = read_provenance(Path(folder, str(rows[0]["gif"])))
    cine = real_cine(still, num_frames=len(loops[0]), frame_rate_hz=rate)
    synthetic = [mark_synthetic(loop[SCAN]) for loop in loops]
    row = np.concatenate([labelled(cine[SCAN], "REAL"), *synthetic], axis=2)
    write_gif(given.out, row, frame_rate_hz=rate, provenance=provenance)


if __name__ == "__main__":
    main()
