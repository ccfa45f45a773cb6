"""Soft tissue of no organ, made of nothing but a seed: what a classifier learns from.

Wavy layers, bright septa, lobules, round masses with margins and what lies below them (shadow or
enhancement), shadows of the wall, loss with depth, speckle. Drawn in the logarithm of the grey
level, hundreds at a time; a quarter are the scatterer phantoms of ``data.phantom``.
"""

from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from sonoloop.data.phantom import phantom_clip
from sonoloop.synthesis.still_features import WORKING_SIZE

Greys = Float[Tensor, "b 1 h w"]
"""0 black to 1 white."""

PHANTOM_SIZES: Final = (64, 96, 128, 192)
"""A larger phantom has finer speckle after it is averaged down."""
MASSES: Final = 3
MASS_SHARE: Final = 0.45
"""Each of the masses is there with this probability."""
GROUP: Final = 20
"""Stills that share the coarseness of their layers and septa."""


def made_up_tissue(rng: np.random.Generator, count: int) -> Greys:
    """Draw stills.

    Args:
        rng: Source of everything.
        count: How many.
    """
    parts = [_phantoms(rng, -(-count // 4))]
    while sum(map(len, parts)) < count:
        parts.append(_layered(rng, GROUP))
    return torch.cat(parts)[:count]


def _phantoms(rng: np.random.Generator, count: int) -> Greys:
    drawn = []
    for _ in range(count):
        frame = phantom_clip(rng, size=int(rng.choice(PHANTOM_SIZES)), num_frames=1)
        grey = (torch.from_numpy(frame[None]).float() / 255) ** rng.uniform(0.5, 1.8)
        drawn.append(functional.adaptive_avg_pool2d(grey, WORKING_SIZE))
    return torch.cat(drawn)


def _layered(rng: np.random.Generator, count: int) -> Greys:
    def draw(low: float, high: float) -> Greys:
        return torch.from_numpy(rng.uniform(low, high, (count, 1, 1, 1))).float()

    def noise(rows: int, columns: int) -> Greys:
        knots = torch.from_numpy(rng.standard_normal((count, 1, rows, columns))).float()
        size = (WORKING_SIZE, WORKING_SIZE)
        return functional.interpolate(knots, size, mode="bicubic", align_corners=True)

    def octaves(rows: int, anisotropy: float) -> Greys:
        sides = [rows * 2**octave for octave in range(4)]
        return torch.stack(
            [
                0.6**octave * noise(min(WORKING_SIZE, side), max(2, int(side / anisotropy)))
                for octave, side in enumerate(sides)
            ]
        ).sum(dim=0)

    place = (torch.arange(WORKING_SIZE) + 0.5) / WORKING_SIZE
    depth, lateral = (part[None, None] for part in torch.meshgrid(place, place, indexing="ij"))
    wave = draw(0.0, 0.15) * noise(3, 3) + draw(0.0, 0.05) * noise(7, 7)
    down = 2 * (depth + wave) - 1
    grid = torch.stack([(2 * lateral - 1).expand_as(down), down], dim=-1)

    def waved(flat: Greys) -> Greys:
        return functional.grid_sample(
            flat, grid[:, 0], padding_mode="reflection", align_corners=False
        )

    level = draw(-1.9, -0.7) + draw(0.1, 0.7) * waved(noise(int(rng.integers(3, 9)), 2))
    for _ in range(2):
        septa = waved(octaves(int(rng.integers(3, 9)), rng.uniform(1.5, 6)))
        level = level + draw(-0.3, 0.9) * torch.exp(-((septa / draw(0.12, 0.5)) ** 2))
    level = level + draw(0.0, 0.5) * torch.tanh(3 * octaves(int(rng.integers(3, 7)), 1.5))
    for _ in range(MASSES):
        there = torch.from_numpy(rng.random((count, 1, 1, 1)) < MASS_SHARE).float()
        angle, height, width = draw(-0.8, 0.8), draw(0.05, 0.28), draw(0.05, 0.32)
        down, right = depth - draw(0.15, 0.8), lateral - draw(0.1, 0.9)
        along = (right * angle.cos() - down * angle.sin()) / width
        across = (down * angle.cos() + right * angle.sin()) / height
        outside = torch.hypot(across, along) + 0.25 * noise(5, 5) - 1
        inside = torch.sigmoid(-outside / 0.06)
        margin = draw(0.0, 1.0) * torch.exp(-((outside / 0.12) ** 2))
        below = torch.sigmoid(down / 0.05) * torch.sigmoid((width - right.abs()) / 0.03)
        level = level + there * (
            inside * draw(-2.8, -0.4) + margin + below * (1 - inside) * draw(-1.2, 0.6)
        )
    level = level + draw(0.0, 0.25) * noise(1, int(rng.integers(3, 12)))
    level = level - draw(-0.4, 1.6) * depth**1.5
    speckle = torch.from_numpy(rng.exponential(size=tuple(level.shape))).float()
    speckle = functional.avg_pool2d(functional.pad(speckle, (1, 1, 0, 0)), (1, 3), 1)
    grey = torch.exp(level + draw(0.1, 0.55) * torch.log(speckle + 0.05))
    blurred = functional.avg_pool2d(functional.pad(grey, (1,) * 4, mode="replicate"), 3, 1)
    grey = torch.lerp(grey, blurred, draw(0.0, 0.8))
    return ((1 - torch.exp(-1.2 * grey)) * draw(0.8, 1.2)).clamp(0, 1)
