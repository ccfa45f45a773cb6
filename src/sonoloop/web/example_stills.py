"""Stills to try the page with: the real frame of the pydicom package, and phantoms."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, get_args

import numpy as np
from PIL import Image

from sonoloop.data.phantom import Kind, phantom_clip
from sonoloop.data.reading import read_recording
from sonoloop.recipes.demo import real_still

PHANTOM_SIZE_PX: Final = 256


class ExampleStill(NamedTuple):
    """One still of the gallery.

    Args:
        caption: What it is.
        path: What is animated.
        preview: What the gallery shows: a png.
    """

    caption: str
    path: Path
    preview: Path


def write_examples(folder: Path) -> Sequence[ExampleStill]:
    """Write the stills of the gallery.

    Args:
        folder: Gets the pictures.

    Returns:
        The stills, the real one first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    real = real_still()
    preview = folder / "real.png"
    Image.fromarray(read_recording(real, max_frames=1).frames[0]).save(preview)
    examples = [ExampleStill("real scan", real, preview)]
    kinds: tuple[Kind, ...] = get_args(Kind)
    for number, kind in enumerate(kinds):
        rng = np.random.default_rng(number)
        frames = phantom_clip(rng, size=PHANTOM_SIZE_PX, num_frames=1, kind=kind)
        path = folder / f"phantom_{kind}.png"
        Image.fromarray(frames[0]).save(path)
        examples.append(ExampleStill(f"phantom, {kind}", path, path))
    return examples
