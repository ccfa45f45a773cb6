"""Grey clips for networks that were made for colour: one channel is repeated three times.

Then each is normalised as the published weights expect, so that they can be loaded.
"""

from typing import Final

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.shapes import Clip

IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_STD: Final = (0.229, 0.224, 0.225)
"""Of red, green and blue in [0, 1] over ImageNet, as torchvision's weights expect."""

SPORTS1M_MEAN: Final = (104.0, 117.0, 128.0)
"""Of blue, green and red in 0 to 255, subtracted before C3D (mmaction's configuration)."""


class GreyToColour(nn.Module):
    """Repeat one channel in [-1, 1] three times and normalise each.

    Args:
        mean: Of each channel, in units where black is 0 and white is ``white``.
        std: Divided by, in the same units.
        white: Value of white.
    """

    def __init__(
        self,
        mean: tuple[float, float, float] = IMAGENET_MEAN,
        std: tuple[float, float, float] = IMAGENET_STD,
        *,
        white: float = 1.0,
    ) -> None:
        """Keep one factor and one summand for each channel, outside the weight files."""
        super().__init__()
        scale = torch.tensor([white / 2 / deviation for deviation in std])
        offset = torch.tensor(
            [(white / 2 - value) / deviation for value, deviation in zip(mean, std, strict=True)]
        )
        self.scale: Tensor
        self.offset: Tensor
        self.register_buffer("scale", scale.reshape(3, 1, 1, 1), persistent=False)
        self.register_buffer("offset", offset.reshape(3, 1, 1, 1), persistent=False)

    def forward(self, clip: Float[Tensor, "b 1 t h w"]) -> Float[Tensor, "b 3 t h w"]:
        """Return three channels.

        Args:
            clip: One channel, in [-1, 1].
        """
        colour: Tensor = clip * self.scale + self.offset
        return colour


def as_frames(clip: Clip) -> Float[Tensor, "bt c h w"]:
    """Put the frames of all clips behind one another, as image networks take them.

    Args:
        clip: Clips of t frames.

    Returns:
        Frames; those of one clip are neighbours.
    """
    return rearrange(clip, "b c t h w -> (b t) c h w")


def consensus(logits: Float[Tensor, "bt classes"], num_frames: int) -> Float[Tensor, "b classes"]:
    """Average the logits of the frames of each clip.

    Args:
        logits: One row for each frame; those of one clip are neighbours.
        num_frames: Frames of a clip.
    """
    mean: Tensor = rearrange(logits, "(b t) n -> b t n", t=num_frames).mean(1)
    return mean
