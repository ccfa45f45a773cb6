"""Active token mixing (ATM; Wei et al. 2022, arXiv:2203.06108): each channel looks where it wants.

Features are (batch, height, width, channels) here, as linear layers take them.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

Tokens = Float[Tensor, "b h w c"]


def sample_along(features: Tokens, offset: Tokens, axis: int) -> Tokens:
    """Look ``offset`` places further along one axis, each channel at its own place.

    Linear between neighbouring places, zero outside the picture: a deformable convolution of
    kernel 1 whose offsets lie along one axis (Dai et al. 2017, arXiv:1703.06211).

    Args:
        features: What is looked at.
        offset: How far away, in places of this picture.
        axis: 1 for downwards, 2 for to the right.

    Returns:
        Features of the same shape.
    """
    length = features.shape[axis]
    shape = [-1 if number == axis else 1 for number in range(4)]
    here = torch.arange(length, device=features.device, dtype=torch.float32).reshape(shape)
    place = here + offset.float()  # bf16 could not tell places beyond 256 apart
    lower = place.floor()
    share = (place - lower).to(features.dtype)
    sampled = torch.zeros_like(features)
    for step, weight in ((0, 1 - share), (1, share)):
        index = lower + step
        inside = (index >= 0) & (index < length)
        taken = features.gather(axis, index.clamp(0, length - 1).long())
        sampled = sampled + taken * weight * inside
    return sampled


class ActiveTokenMixer(nn.Module):
    """Mix features of other columns, of other rows and of the place itself.

    Args:
        channels: Channels of the features; a multiple of 4.
    """

    def __init__(self, channels: int) -> None:
        """Build the layers."""
        super().__init__()
        self.along_width = nn.Linear(channels, channels)
        self.along_height = nn.Linear(channels, channels)
        self.here = nn.Linear(channels, channels, bias=False)
        self.fusion = nn.Sequential(
            nn.Linear(channels, channels // 4), nn.GELU(), nn.Linear(channels // 4, 3 * channels)
        )
        self.out = nn.Linear(channels, channels)

    def branches(self, features: Tokens, offset: Float[Tensor, "b h w d"]) -> list[Tensor]:
        """Compute the three views of every place.

        Args:
            features: Normalised features.
            offset: How far each channel looks: first all along the width, then along the height.
        """
        columns, rows = offset.chunk(2, dim=-1)
        return [
            self.along_width(sample_along(features, columns, 2)),
            self.along_height(sample_along(features, rows, 1)),
            self.here(features),
        ]

    def forward(self, features: Tokens, offset: Float[Tensor, "b h w d"]) -> Tokens:
        """Weigh the views, channel by channel, by what is in the picture as a whole.

        Args:
            features: Normalised features.
            offset: As :meth:`branches` takes it.
        """
        views = self.branches(features, offset)
        whole = (views[0] + views[1] + views[2]).mean(dim=(1, 2))
        shares = self.fusion(whole).unflatten(1, (-1, 3)).softmax(2)  # (b, c, 3)
        mixed = sum(
            view * share[:, None, None] for view, share in zip(views, shares.unbind(2), strict=True)
        )
        out: Tensor = self.out(mixed)
        return out


class ActiveBlock(nn.Module):
    """Token mixing, then a two-layer perceptron, each around a shortcut.

    Args:
        channels: Channels of the features.
        mlp_ratio: Hidden width of the perceptron by channels.
        share: Neighbouring channels with one offset; None where another block's offsets are used.
        drop_path: Chance that a sample of a batch skips a branch in training.
    """

    def __init__(
        self, channels: int, *, mlp_ratio: int, share: int | None, drop_path: float
    ) -> None:
        """Build the layers."""
        super().__init__()
        self.share = share
        self.offset: nn.Module = nn.Identity()
        if share is not None:
            self.offset = nn.Sequential(
                nn.LayerNorm(channels), nn.Linear(channels, 2 * channels // share)
            )
        self.norm1 = nn.LayerNorm(channels)
        self.mixer = ActiveTokenMixer(channels)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(
            nn.Linear(channels, mlp_ratio * channels),
            nn.GELU(),
            nn.Linear(mlp_ratio * channels, channels),
        )
        self.drop_path = drop_path

    def forward(
        self, features: Tokens, offset: Float[Tensor, "b h w d"] | None
    ) -> tuple[Tensor, Tensor]:
        """Return the features and the offsets that were used.

        Args:
            features: Features.
            offset: Of an earlier block; not read where this block makes its own.
        """
        if self.share is not None:
            offset = self.offset(features).repeat_interleave(self.share, dim=-1)
        if offset is None:
            msg = "a block without offsets of its own needs those of an earlier block"
            raise ValueError(msg)
        features = features + self._drop(self.mixer(self.norm1(features), offset))
        return features + self._drop(self.mlp(self.norm2(features))), offset

    def _drop(self, branch: Tensor) -> Tensor:
        """Skip the branch for some samples (Huang et al. 2016, arXiv:1603.09382)."""
        if not self.training or self.drop_path == 0:
            return branch
        kept = functional.dropout(branch.new_ones(len(branch), 1, 1, 1), self.drop_path)
        return branch * kept
