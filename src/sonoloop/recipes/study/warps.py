"""A still under a random smooth warp and new speckle: motion that nothing was learnt for."""

from typing import Final

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from sonoloop.data.recording import Frames
from sonoloop.layers.warp import warp_still

STRENGTH: Final = 0.03
"""Standard deviation of the displacement, as a fraction of the side."""

SMOOTHNESS: Final = 0.15
"""Standard deviation of the blur that makes the field smooth, as a fraction of the side."""

WAVES: Final = 3
"""Fields that swing at frequencies of their own."""

CYCLES: Final = (0.25, 2.0)
"""Range of cycles a clip."""

SPECKLE: Final = 0.15
"""Standard deviation of the factor on grey values, new in every frame."""


def warped_still(still: Frames, num_frames: int, rng: np.random.Generator) -> Frames:
    """Move a still by a sum of smooth random fields, each swinging in time; frame 0 is the still.

    Args:
        still: Grey values (h, w).
        num_frames: Of the clip.
        rng: Of fields, frequencies and speckle.

    Returns:
        Frames (num_frames, h, w), uint8.
    """
    height, width = still.shape
    phase = 2 * np.pi * np.arange(num_frames) / num_frames
    flow = np.zeros((2, num_frames, height, width))
    for _ in range(WAVES):
        blur = (0, SMOOTHNESS * height, SMOOTHNESS * width)
        field = gaussian_filter(rng.standard_normal((2, height, width)), blur)
        field *= STRENGTH * max(height, width) / WAVES**0.5 / max(field.std(), 1e-12)
        start = rng.uniform(0, 2 * np.pi)
        swing = np.sin(rng.uniform(*CYCLES) * phase + start) - np.sin(start)
        flow += field[:, None] * swing[:, None, None]
    frame = torch.from_numpy(still.astype(np.float32))[None, None]
    fields = torch.from_numpy(flow.astype(np.float32))[None]
    moved = warp_still(frame, fields)[0, 0].numpy()
    noise = 1 + SPECKLE * rng.standard_normal(moved.shape)
    noise[0] = 1
    frames: Frames = np.rint(np.clip(moved * noise, 0, 255)).astype(np.uint8)
    return frames
