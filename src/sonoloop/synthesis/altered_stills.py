"""Training stills altered so that they show what they show no more: what a classifier learns from.

Every alteration uses one still only, so that stills of a patient who is held out leave no trace.
All are at the working size, cut to the box that tissue fills (``still_features``).
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

Grey = Float[Tensor, "1 h w"]
"""One boxed still, 0 black to 1 white."""

BACKGROUND_LEVEL: Final = 0.03
"""Added before the logarithm; darker is background."""
LEAST_DEPTH: Final = 0.75
LEAST_WIDTH: Final = 0.8
"""Share of the field that a variation keeps at least."""


def alter(still: Grey, name: str, rng: np.random.Generator) -> Grey:
    """Alter one still.

    Args:
        still: A boxed still; its sides divide by 4.
        name: One of ``ALTERATIONS``.
        rng: Source of the details.
    """
    altered: Tensor = ALTERATIONS[name](still, rng)
    return altered.clamp(0, 1)


def vary(still: Grey, rng: np.random.Generator) -> Grey:
    """Change what another examination changes: side, gain, contrast, depth and width of the field.

    Args:
        still: A boxed still.
        rng: Source of the details.

    Returns:
        The still, which shows the same anatomy.
    """
    height, width = still.shape[1:]
    if rng.random() < 1 / 2:
        still = still.flip(2)
    varied = (still.clamp_min(1e-4) ** rng.uniform(0.8, 1.25) * rng.uniform(0.75, 1.3)).clamp(0, 1)
    varied = varied * (still > 0)
    rows = int(height * rng.uniform(LEAST_DEPTH, 1))
    columns = int(width * rng.uniform(LEAST_WIDTH, 1))
    top = int(rng.integers(min(height // 16, height - rows) + 1))
    left = int(rng.integers(width - columns + 1))
    field = varied[None, :, top : top + rows, left : left + columns]
    return functional.interpolate(field, (height, width), mode="bilinear")[0]


def _turned(still: Grey, rng: np.random.Generator) -> Grey:
    return still.rot90(int(rng.choice((1, 3))), (1, 2))


def _inverted(still: Grey, rng: np.random.Generator) -> Grey:
    return (1 - still) * rng.uniform(0.4, 0.9) * (still > BACKGROUND_LEVEL)


def _shuffled(still: Grey, rng: np.random.Generator) -> Grey:
    """Put patches in another order; none keeps its place."""
    count = int(rng.choice((2, 4)))
    patches = [patch for strip in still.chunk(count, dim=1) for patch in strip.chunk(count, dim=2)]
    cycle = rng.permutation(len(patches))
    order = np.empty_like(cycle)
    order[cycle] = np.roll(cycle, 1)
    strips = [
        torch.cat([patches[index] for index in order[start : start + count]], dim=2)
        for start in range(0, len(patches), count)
    ]
    return torch.cat(strips, dim=1)


def _disordered(still: Grey, rng: np.random.Generator) -> Grey:
    """Put depth bands in another order."""
    bands = still.chunk(int(rng.choice((2, 4))), dim=1)
    shift = int(rng.integers(1, len(bands)))
    return torch.cat([*bands[shift:], *bands[:shift]], dim=1)


def _roughened(still: Grey, rng: np.random.Generator) -> Grey:
    """Exaggerate detail, as no gain does."""
    level = torch.log(still + BACKGROUND_LEVEL)
    smooth = _smooth(level, int(rng.choice((2, 4, 8))))
    return (smooth + rng.uniform(1.5, 3) * (level - smooth)).exp() - BACKGROUND_LEVEL


def _levelled(still: Grey, rng: np.random.Generator) -> Grey:
    """Take away shadow and reverberation: tissue of one brightness at every depth."""
    level = torch.log(still + BACKGROUND_LEVEL)
    detail = level - _smooth(level, int(rng.choice((8, 12, 16))))
    knots = torch.from_numpy(rng.standard_normal((1, 1, 4, 1))).float()
    drift = functional.interpolate(knots, still.shape[1:], mode="bilinear", align_corners=True)[0]
    return (rng.uniform(-1.8, -0.6) + rng.uniform(1, 2.5) * detail + 0.3 * drift).exp()


def _scrambled(still: Grey, rng: np.random.Generator) -> Grey:
    """Keep how strong each spatial frequency is and scatter where it is."""
    level = torch.log(still + BACKGROUND_LEVEL)
    noise = torch.from_numpy(rng.standard_normal(still.shape)).float()
    phases = torch.fft.fft2(noise)
    strengths = torch.fft.fft2(level - level.mean()).abs()
    scattered: Tensor = torch.fft.ifft2(strengths * phases / phases.abs()).real
    return (scattered - 1.2).exp()


def _all_wall(still: Grey, rng: np.random.Generator) -> Grey:
    """Fill the field with what lies above: as if nothing but the wall were there."""
    height, width = still.shape[1:]
    wall = still[:, : int(height * rng.uniform(0.15, 0.4))]
    if rng.random() < 1 / 2:
        return functional.interpolate(wall[None], (height, width), mode="bilinear")[0]
    tiles = []
    for _ in range(-(-height // wall.shape[1])):
        tile = wall.flip(1) if rng.random() < 1 / 2 else wall
        tiles.append(tile.roll(int(rng.integers(width)), 2) if rng.random() < 1 / 2 else tile)
    return torch.cat(tiles, dim=1)[:, :height]


def _smooth(level: Grey, radius: int) -> Grey:
    padded = functional.pad(level[None], (radius,) * 4, mode="replicate")
    return functional.avg_pool2d(padded, 2 * radius + 1, 1)[0]


ALTERATIONS: Final[dict[str, Callable[[Grey, np.random.Generator], Grey]]] = {
    "upside down": lambda still, _: still.flip(1),
    "turned": _turned,
    "inverted": _inverted,
    "shuffled": _shuffled,
    "disordered": _disordered,
    "roughened": _roughened,
    "levelled": _levelled,
    "scrambled": _scrambled,
    "all wall": _all_wall,
}
