"""What a still looks like, in numbers that do not depend on where a letterbox put it."""

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from sonoloop.shapes import Frame

BACKGROUND: Final = 0.03
"""Local brightness (0 black to 1 white) below which a pixel shows no tissue."""
QUANTILES: Final = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
PROFILE_ROWS: Final = 16


def still_features(first_frame: Frame) -> Float[Tensor, "b features"]:
    """Describe stills by their grey levels and by how these change with depth.

    Args:
        first_frame: Stills in [-1, 1].
    """
    grey = (first_frame.mean(dim=1, keepdim=True) + 1) / 2
    tissue = (functional.avg_pool2d(grey, 5, 1, 2) > BACKGROUND).to(grey)
    return torch.cat([_quantiles(grey, tissue), _depth_profile(grey, tissue)], dim=1)


def _quantiles(grey: Tensor, tissue: Tensor) -> Tensor:
    levels = torch.tensor(QUANTILES)
    rows = []
    for image, mask in zip(grey.flatten(1), tissue.flatten(1) > 0, strict=True):
        shown = image[mask] if mask.any() else image
        rows.append(torch.quantile(shown, levels.to(image)))
    return torch.stack(rows)


def _depth_profile(grey: Tensor, tissue: Tensor) -> Tensor:
    rows = (grey * tissue).sum(dim=3) / tissue.sum(dim=3).clamp_min(1)  # (b, 1, h)
    profile = functional.adaptive_avg_pool1d(rows, PROFILE_ROWS)[:, 0]
    return profile - profile.mean(dim=1, keepdim=True)
