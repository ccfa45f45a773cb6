"""An embedding of clips without any net, and the flips under which copies are looked for.

Any tensor of one row a clip will do as an embedding; a re-identification net sees more. This one
needs no weights, and whoever reads a report can recompute it.
"""

from typing import Final

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from sonoloop.shapes import Clip

SIDE: Final = 16
NUM_FRAMES: Final = 4
PIXEL_EMBEDDING_ID: Final = f"grey-{NUM_FRAMES}x{SIDE}x{SIDE}"
"""Name to report with every number made from ``pixel_embedding``."""

NUM_FLIPS: Final = 4
"""None, horizontal, vertical, both."""


def pixel_embedding(clip: Clip) -> Float[Tensor, "b features"]:
    """Average the grey values of 4 frames, first to last, over 16 x 16 blocks.

    The similarity standardises it, so brightness and contrast of a clip do not count.

    Args:
        clip: Any range.

    Returns:
        1,024 numbers a clip, float32: 100,000 clips take 410 MB.
    """
    places = torch.linspace(0, clip.shape[2] - 1, NUM_FRAMES, device=clip.device).round().long()
    grey = clip.float().mean(dim=1)[:, places]
    return functional.adaptive_avg_pool2d(grey, SIDE).flatten(1)


def flips(clip: Clip) -> tuple[Clip, Clip, Clip, Clip]:
    """Return the clip as it is, mirrored left to right, top to bottom, and both."""
    return clip, clip.flip(4), clip.flip(3), clip.flip((3, 4))


def flipped_pixel_embedding(clip: Clip) -> Float[Tensor, "b flips features"]:
    """Embed the four flips of every clip, for use as queries of ``similarity``.

    Args:
        clip: Any range.

    Returns:
        Rows in the order of ``flips``.
    """
    return flipped_embedding(pixel_embedding(clip))


def flipped_embedding(
    embedding: Float[Tensor, "b features"],
) -> Float[Tensor, "b flips features"]:
    """Embed the four flips of clips whose ``pixel_embedding`` is known: it flips as they do.

    Args:
        embedding: Of the clips as they are.

    Returns:
        Rows in the order of ``flips``.
    """
    plain = rearrange(embedding, "b (t h w) -> b 1 t h w", h=SIDE, w=SIDE)
    return torch.stack([flip.flatten(1) for flip in flips(plain)], dim=1)
