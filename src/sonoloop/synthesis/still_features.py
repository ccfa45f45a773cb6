"""What a still looks like, in numbers: grey levels, how they change with depth, and texture.

All at one working size whatever the model's, and within the box that tissue fills, so that
neither the letterbox nor the place of the scan in it counts.
"""

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from sonoloop.shapes import Frame

WORKING_SIZE: Final = 64
"""Stills are averaged down to this many pixels a side before anything is measured."""
BACKGROUND: Final = 0.03
"""Local brightness (0 black to 1 white) below which a pixel shows no tissue."""
QUANTILES: Final = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
PROFILE_ROWS: Final = 16
DEPTH_BANDS: Final = 4
SCALES_PX: Final = (1, 2, 4)
"""Distances over which texture is measured, pixels of the working size."""
LOG_FLOOR: Final = 0.05
"""Added before the logarithm, so that black noise is no texture."""
ENERGY_FLOOR: Final = 1e-3
LEAST_TISSUE: Final = 0.03
"""Share of a row or column that must show tissue for it to count."""


def still_features(first_frame: Frame) -> Float[Tensor, "b features"]:
    """Describe stills.

    Args:
        first_frame: Stills in [-1, 1], of any size.

    Returns:
        Per still 8 quantiles, 16 values of the depth profile and 24 of texture.
    """
    grey, tissue = _grey_and_tissue(first_frame)
    boxed, boxed_tissue = _boxed(grey, tissue)
    return torch.cat(
        [grey_quantiles(grey, tissue), _depth_profile(grey, tissue), _texture(boxed, boxed_tissue)],
        dim=1,
    )


def boxed_stills(
    first_frame: Frame,
) -> tuple[Float[Tensor, "b 1 side side"], Float[Tensor, "b 1 side side"]]:
    """Cut stills to the box that tissue fills, at the working size.

    Args:
        first_frame: Stills in [-1, 1], of any size.

    Returns:
        Grey levels, 0 black to 1 white, and where they show tissue, 0 or 1.
    """
    return _boxed(*_grey_and_tissue(first_frame))


def _grey_and_tissue(
    first_frame: Frame,
) -> tuple[Float[Tensor, "b 1 size size"], Float[Tensor, "b 1 size size"]]:
    grey = (first_frame.mean(dim=1, keepdim=True).float() + 1) / 2
    grey = functional.adaptive_avg_pool2d(grey, WORKING_SIZE)
    return grey, tissue_mask(grey)


def tissue_mask(grey: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b 1 h w"]:
    """Return 1 where the neighbourhood is brighter than background, else 0."""
    return (functional.avg_pool2d(grey, 3, 1, 1) > BACKGROUND).to(grey)


def _boxed(
    grey: Float[Tensor, "b 1 h w"], tissue: Float[Tensor, "b 1 h w"]
) -> tuple[Float[Tensor, "b 1 h w"], Float[Tensor, "b 1 h w"]]:
    boxes = [_tissue_box(image, mask) for image, mask in zip(grey, tissue, strict=True)]
    boxed, boxed_tissue = (torch.stack(parts) for parts in zip(*boxes, strict=True))
    return boxed, boxed_tissue


def _tissue_box(
    image: Float[Tensor, "1 h w"], tissue: Float[Tensor, "1 h w"]
) -> tuple[Float[Tensor, "1 h w"], Float[Tensor, "1 h w"]]:
    """Enlarge the box that tissue fills to the whole square."""
    rows = (tissue[0].mean(dim=1) > LEAST_TISSUE).nonzero()[:, 0]
    columns = (tissue[0].mean(dim=0) > LEAST_TISSUE).nonzero()[:, 0]
    if len(rows) < DEPTH_BANDS or len(columns) < DEPTH_BANDS:
        return image, tissue
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    size = (WORKING_SIZE, WORKING_SIZE)
    box = image[None, :, top:bottom, left:right]
    mask = tissue[None, :, top:bottom, left:right]
    enlarged = functional.interpolate(box, size, mode="bilinear", antialias=True)
    return enlarged[0], functional.interpolate(mask, size)[0]


def grey_quantiles(
    grey: Float[Tensor, "b 1 h w"], tissue: Float[Tensor, "b 1 h w"]
) -> Float[Tensor, "b quantiles"]:
    """Take quantiles of the grey levels of tissue."""
    levels = grey.new_tensor(QUANTILES)
    rows = []
    for image, mask in zip(grey.flatten(1), tissue.flatten(1) > 0, strict=True):
        shown = image[mask] if mask.any() else image
        rows.append(torch.quantile(shown, levels))
    return torch.stack(rows)


def _depth_profile(
    grey: Float[Tensor, "b 1 h w"], tissue: Float[Tensor, "b 1 h w"]
) -> Float[Tensor, "b rows"]:
    """Average tissue row by row; overall brightness is in the quantiles already."""
    rows = (grey * tissue).sum(dim=3) / (tissue.sum(dim=3) + ENERGY_FLOOR)  # (b, 1, h)
    profile = functional.adaptive_avg_pool1d(rows, PROFILE_ROWS)[:, 0]
    return profile - profile.mean(dim=1, keepdim=True)


def _texture(
    boxed: Float[Tensor, "b 1 h w"], tissue: Float[Tensor, "b 1 h w"]
) -> Float[Tensor, "b texture"]:
    """Measure contrast and its direction at several scales, by depth."""
    level = torch.log(boxed + LOG_FLOOR)
    found = []
    for scale in SCALES_PX:
        padded = functional.pad(level, (scale,) * 4, mode="replicate")
        band = level - functional.avg_pool2d(padded, 2 * scale + 1, 1)
        across = (level - level.roll(scale, dims=3)).square()
        along = (level - level.roll(scale, dims=2)).square()
        energy, lateral, axial = (
            _by_depth(values, tissue) + ENERGY_FLOOR for values in (band.square(), across, along)
        )
        found += [energy.log(), (axial / lateral).log()]
    return torch.cat(found, dim=1)


def _by_depth(
    values: Float[Tensor, "b 1 h w"], tissue: Float[Tensor, "b 1 h w"]
) -> Float[Tensor, "b bands"]:
    """Average over the tissue of each depth band."""
    pooled = functional.adaptive_avg_pool2d(values * tissue, (DEPTH_BANDS, 1))
    share = functional.adaptive_avg_pool2d(tissue, (DEPTH_BANDS, 1))
    return (pooled / (share + 0.02))[:, 0, :, 0]
