"""Where a still is bright and where it is rough: maps that keep the place, for the classifier.

Of the box that tissue fills, at the working size of ``still_features``. The logarithm of the grey
level is used: a gain is a constant that drops out.
"""

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from sonoloop.synthesis.still_features import LOG_FLOOR, grey_quantiles

BRIGHTNESS_GRID: Final = (8, 8)
TEXTURE_GRID: Final = (4, 4)
SCALES_PX: Final = (1, 2, 4, 8)
"""Distances over which texture is measured, pixels of the working size."""
ENERGY_FLOOR: Final = 1e-3
SHARE_FLOOR: Final = 0.02
"""Keeps cells without tissue at zero."""


def still_maps(
    grey: Float[Tensor, "b 1 h w"], tissue: Float[Tensor, "b 1 h w"]
) -> Float[Tensor, "b features"]:
    """Describe boxed stills.

    Args:
        grey: Grey levels, 0 black to 1 white, at the working size.
        tissue: 1 where they show tissue, else 0.

    Returns:
        Per still 8 quantiles, 64 local brightnesses and, at 4 scales in 16 places, contrast, axial
        against lateral change, how oblique it is, and whether bright or dark spots prevail.
    """
    level = torch.log(grey + LOG_FLOOR)
    total = (level * tissue).sum(dim=(1, 2, 3), keepdim=True)
    mean = total / (tissue.sum(dim=(1, 2, 3), keepdim=True) + 1)
    found = [grey_quantiles(grey, tissue), _by_place(level - mean, tissue, BRIGHTNESS_GRID)]
    for scale in SCALES_PX:
        padded = functional.pad(level, (scale,) * 4, mode="replicate")
        band = level - functional.avg_pool2d(padded, 2 * scale + 1, 1)
        shifts = ((0, scale), (scale, 0), (scale, scale), (scale, -scale))
        lateral, axial, falling, rising = (
            _by_place((level - level.roll(shift, dims=(2, 3))).square(), tissue) + ENERGY_FLOOR
            for shift in shifts
        )
        skew = _by_place(band**3, tissue)
        found += [
            (_by_place(band.square(), tissue) + ENERGY_FLOOR).log(),
            (axial / lateral).log(),
            (falling / rising).log().abs(),
            skew.sign() * skew.abs() ** (1 / 3),
        ]
    return torch.cat(found, dim=1)


def _by_place(
    values: Float[Tensor, "b 1 h w"],
    tissue: Float[Tensor, "b 1 h w"],
    grid: tuple[int, int] = TEXTURE_GRID,
) -> Float[Tensor, "b cells"]:
    """Average over the tissue of each cell of a grid."""
    pooled = functional.adaptive_avg_pool2d(values * tissue, grid)
    return (pooled / (functional.adaptive_avg_pool2d(tissue, grid) + SHARE_FLOOR)).flatten(1)
