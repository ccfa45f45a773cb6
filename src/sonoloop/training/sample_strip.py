"""Film strips: frames of clips side by side, one clip per row, for eyes rather than metrics."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sonoloop.atomic_files import unfinished_file

MAX_FRAMES = 8
"""Frames shown per clip, first and last among them."""

GAP = 2
"""White pixels between rows."""


def write_strip(path: Path, clips: Sequence[Tensor]) -> None:
    """Draw clips as rows of frames into one PNG.

    Args:
        path: File to write.
        clips: Frames (t, h, w) in [-1, 1], all of one size.
    """
    rows = []
    for clip in clips:
        chosen = np.linspace(0, len(clip) - 1, min(len(clip), MAX_FRAMES)).round().astype(int)
        frames = clip.detach().float().cpu()[torch.from_numpy(chosen)]
        grey = ((frames.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).numpy()
        rows.append(
            np.pad(
                np.concatenate(list(grey), axis=1),
                ((0, GAP), (0, 0)),
                mode="constant",
                constant_values=255,
            )
        )
    with unfinished_file(path) as unfinished:
        Image.fromarray(np.concatenate(rows)[:-GAP]).save(unfinished, format="png")
