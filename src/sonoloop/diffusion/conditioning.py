"""What stage 2 knows of the first frame, and of what is asked for besides."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sonoloop.shapes import Frame


class Condition(NamedTuple):
    """The first frame as the denoiser sees it; all zeros mean that it is not told."""

    features: Float[Tensor, "b k h w"]
    """One vector per cell of the latent's height and width; k is 0 for a vector latent."""

    pooled: Float[Tensor, "b width"]
    """The whole frame in one vector."""

    def where(self, known: Bool[Tensor, " b"]) -> "Condition":
        """Hide the first frame of the items for which ``known`` is False."""
        return Condition(
            self.features * known[:, None, None, None].to(self.features.dtype),
            self.pooled * known[:, None].to(self.pooled.dtype),
        )

    def also(self, told: Float[Tensor, "b width"]) -> "Condition":
        """Tell something besides the first frame."""
        return Condition(self.features, self.pooled + told.to(self.pooled.dtype))


class FirstFrameEncoder(nn.Module):
    """A small image network, averaged to the latent's grid at every level.

    The first level quarters the frame, each further one halves it. What a level finds is averaged
    (or repeated, where the grid is finer) to the grid and added up, so that frames and grids of
    any size fit.

    Args:
        widths: Channels at 1/4, 1/8, ... of the frame's size.
        grid: Height and width of the latent, None for a vector latent.
        channels: Channels of the features on the grid.
        pooled_width: Length of the pooled vector.
    """

    def __init__(
        self,
        widths: Sequence[int],
        *,
        grid: tuple[int, int] | None,
        channels: int,
        pooled_width: int,
    ) -> None:
        """Build one stage per level, and its way to the grid."""
        super().__init__()
        self.grid = grid
        quarter = nn.Conv2d(1, widths[0], 7, stride=4, padding=3)
        halves = [nn.Conv2d(*pair, 3, stride=2, padding=1) for pair in pairwise(widths)]
        self.stages = nn.ModuleList(
            [
                nn.Sequential(quarter, nn.SiLU()),  # no norm: the frame's brightness may matter
                *(
                    nn.Sequential(conv, nn.GroupNorm(1, conv.out_channels), nn.SiLU())
                    for conv in halves
                ),
            ]
        )
        self.to_grid = nn.ModuleList(
            nn.Conv2d(width, channels, 1) for width in (widths if grid else ())
        )
        self.to_pooled = nn.Sequential(
            nn.Linear(widths[-1], pooled_width), nn.SiLU(), nn.Linear(pooled_width, pooled_width)
        )

    def forward(self, first_frame: Frame) -> Condition:
        """Describe the first frame.

        Args:
            first_frame: Grey image, in [-1, 1].

        Returns:
            Features on the latent's grid, and pooled.
        """
        level, levels = first_frame, []
        for stage in self.stages:
            level = stage(level)
            levels.append(level)
        pooled = self.to_pooled(level.mean(dim=(2, 3)))
        if self.grid is None:
            return Condition(level.new_zeros(len(level), 0, 1, 1), pooled)
        on_grid = [
            to_grid(nn.functional.adaptive_avg_pool2d(level, self.grid))
            for to_grid, level in zip(self.to_grid, levels, strict=True)
        ]
        return Condition(torch.stack(on_grid).sum(dim=0), pooled)
