"""Smooth frames with a Gaussian, as two one-dimensional convolutions."""

from math import ceil
from typing import Final

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional

from sonoloop.shapes import Clip

TRUNCATE: Final = 3.0
"""Reach of the kernel in standard deviations."""


def gaussian_blur(clip: Clip, sigma: float) -> Clip:
    """Smooth every frame over height and width; the border is repeated.

    Args:
        clip: Frames.
        sigma: Standard deviation in pixels, above 0.

    Returns:
        Smoothed frames, in float32.
    """
    batch, channels, num_frames, height, width = clip.shape
    reach = ceil(TRUNCATE * sigma)
    offsets = torch.arange(-reach, reach + 1, device=clip.device, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = (kernel / kernel.sum()).view(1, 1, 1, -1)
    frames: Tensor = rearrange(clip.float(), "b c t h w -> (b c t) 1 h w")
    with torch.autocast(clip.device.type, enabled=False):
        frames = functional.pad(frames, (reach, reach, reach, reach), mode="replicate")
        frames = functional.conv2d(functional.conv2d(frames, kernel), kernel.mT)
    return frames.reshape(batch, channels, num_frames, height, width)
