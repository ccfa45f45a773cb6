"""How training clips are varied: all frames of a clip alike, so that motion stays what it was."""

from collections.abc import Mapping
from typing import Final, Literal

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from sonoloop.data.augmentation import augment, to_float
from sonoloop.data.augmentation_config import AugmentationConfig
from sonoloop.shapes import Clip

Level = Literal["none", "consistent", "strong"]

RANGES: Final[Mapping[Level, AugmentationConfig]] = {
    "consistent": AugmentationConfig(),
    "strong": AugmentationConfig(
        rotation_degrees=15.0,
        scale=0.25,
        shift=0.1,
        brightness=0.15,
        contrast=0.3,
        gamma=0.4,
    ),
}
"""Ranges of the changes; "consistent" is what the generators are trained with."""

ERASED: Final = 0.3
"""Longest side of the rectangle blackened by "strong", as a fraction of the frame."""

SPECKLE: Final = 0.1
"""Largest standard deviation of the multiplicative noise of "strong"."""


def vary(clip: Clip, level: Level, generator: torch.Generator) -> Clip:
    """Change clips at random.

    Args:
        clip: Clips in [-1, 1].
        level: How much.
        generator: On the clip's device; the only source of chance.

    Returns:
        Clips in [-1, 1].
    """
    if level == "none":
        return clip
    varied = augment(clip, RANGES[level], generator)
    return _erase(_add_speckle(varied, generator), generator) if level == "strong" else varied


def _add_speckle(clip: Clip, generator: torch.Generator) -> Clip:
    """Multiply grey values by noise that stays over time; black stays black.

    Noise of its own in every frame would be a change from frame to frame, which is what a video is
    read by.
    """
    shape = (len(clip), 1, 1, 1, 1)
    strength = SPECKLE * torch.rand(shape, generator=generator, device=clip.device)
    still = (len(clip), 1, 1, *clip.shape[3:])
    noise = torch.randn(still, generator=generator, device=clip.device)
    return ((clip + 1) * (1 + strength * noise) - 1).clamp(-1, 1)


def _erase(clip: Clip, generator: torch.Generator) -> Clip:
    """Blacken one rectangle of each clip, in the same place in all its frames."""
    inside = torch.ones((), dtype=torch.bool, device=clip.device)
    for axis in (3, 4):
        shape = (len(clip), 1, 1, 1, 1)
        length = clip.shape[axis]
        side = ERASED * length * torch.rand(shape, generator=generator, device=clip.device)
        start = (length - side) * torch.rand(shape, generator=generator, device=clip.device)
        place = torch.arange(length, device=clip.device)
        place = place.reshape([-1 if number == axis else 1 for number in range(5)])
        inside = inside & (place >= start) & (place < start + side)
    return clip.masked_fill(inside, -1.0)


def to_clip(levels: UInt8[Tensor, "b t h w"], size: int) -> Float[Tensor, "b 1 t {size} {size}"]:
    """Map grey levels to [-1, 1] and bring them to the network's size.

    Args:
        levels: Grey values 0 to 255.
        size: Height and width wanted, in pixels.
    """
    clip = to_float(levels)
    if clip.shape[-2:] == (size, size):
        return clip
    frames = functional.interpolate(
        clip.flatten(0, 2).unsqueeze(1), (size, size), mode="bilinear", antialias=True
    )
    return frames.reshape(*clip.shape[:3], size, size)
