"""The temporal difference modules of TDN (Wang et al. 2021, arXiv:2012.10071, Section 3).

Short-term (S-TDM): differences within a stretch of five frames, added to the middle frame's
features. Long-term (L-TDM): differences of neighbouring stretches, as a gate on features.
"""

from typing import Final

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sonoloop.shapes import Frame

SQUEEZE: Final = 16
"""The long-term module works on a sixteenth of the channels."""


class ShortTermDifference(nn.Module):
    """Features of the four differences of five frames, at an eighth of their size.

    Args:
        out_channels: Those of the image network's stem.
    """

    def __init__(self, out_channels: int) -> None:
        """Build a stem of 4 x 3 input channels."""
        super().__init__()
        self.conv = nn.Conv2d(12, out_channels, 7, 2, padding=3, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)

    @torch.no_grad()
    def start_from(self, stem: Float[Tensor, "o 3 7 7"]) -> None:
        """Begin with the image stem's mean over the colours, for each of the 12 channels.

        Args:
            stem: Kernel of the image network's first convolution.
        """
        self.conv.weight.copy_(stem.mean(1, keepdim=True).expand_as(self.conv.weight))

    def forward(self, stretch: Float[Tensor, "b 5 3 h w"]) -> Float[Tensor, "b d h8 w8"]:
        """Describe how five frames change.

        Args:
            stretch: Consecutive frames in colour.
        """
        differences = (stretch[:, 1:] - stretch[:, :-1]).flatten(1, 2)
        halved = functional.avg_pool2d(differences, 2)
        hidden = functional.relu(self.bn(self.conv(halved)), inplace=True)
        return functional.max_pool2d(hidden, 3, stride=2, padding=1)


class LongTermDifference(nn.Module):
    """Gate features by how they differ from those of the stretches before and after.

    y = mean over both directions of sigmoid(...) - 1/2, and the result is x + x y. Both directions
    share their weights. (The authors' code computes the backward direction's full-size branch from
    the forward one's, which contradicts the paper's Eq. 6; here both follow the paper.)

    Args:
        channels: Channels of the features; a multiple of 16.
        num_stretches: Stretches of a clip, neighbours in the batch.
    """

    def __init__(self, channels: int, num_stretches: int) -> None:
        """Build the layers."""
        super().__init__()
        self.num_stretches = num_stretches
        narrow = channels // SQUEEZE
        self.squeeze = nn.Conv2d(channels, narrow, 1, bias=False)
        self.squeeze_bn = nn.BatchNorm2d(narrow)
        self.align = nn.Conv2d(narrow, narrow, 3, padding=1, groups=narrow, bias=False)
        self.halved = nn.Conv2d(narrow, narrow, 3, padding=1, bias=False)
        self.halved_bn = nn.BatchNorm2d(narrow)
        self.full = nn.Conv2d(narrow, narrow, 3, padding=1, bias=False)
        self.full_bn = nn.BatchNorm2d(narrow)
        self.expand = nn.Conv2d(narrow, channels, 1, bias=False)
        self.expand_bn = nn.BatchNorm2d(channels)

    def differences(
        self, features: Frame
    ) -> tuple[Float[Tensor, "b d h w"], Float[Tensor, "b d h w"]]:
        """Subtract a stretch's features from its aligned neighbours'; zero at the clip's ends.

        Args:
            features: Of stretches, (clips * num_stretches, channels, height, width).

        Returns:
            Next minus own, and previous minus own, on a sixteenth of the channels.
        """
        own = self.squeeze_bn(self.squeeze(features))
        aligned = self.align(own)
        own, aligned = (
            rearrange(part, "(b t) c h w -> b t c h w", t=self.num_stretches)
            for part in (own, aligned)
        )
        forward, backward = torch.zeros_like(own), torch.zeros_like(own)
        forward[:, :-1] = aligned[:, 1:] - own[:, :-1]
        backward[:, 1:] = aligned[:, :-1] - own[:, 1:]
        return forward.flatten(0, 1), backward.flatten(0, 1)

    def forward(self, features: Frame) -> Frame:
        """Return x + x y.

        Args:
            features: Of stretches, (clips * num_stretches, channels, height, width).
        """
        forward, backward = self.differences(features)
        gate = (self._gate(forward) + self._gate(backward)) / 2
        return features + features * gate

    def _gate(self, difference: Frame) -> Tensor:
        """Look at the difference at full and half size; in (-1/2, 1/2)."""
        half = self.halved_bn(self.halved(functional.avg_pool2d(difference, 2)))
        half = functional.interpolate(half, difference.shape[2:])
        full = self.full_bn(self.full(difference))
        mixed = (difference + half + full) / 3
        return torch.sigmoid(self.expand_bn(self.expand(mixed))) - 0.5
