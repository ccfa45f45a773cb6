"""Bring frames to the size a net expects. Which pixels a resize mixes changes every metric."""

from collections.abc import Callable
from typing import Final, Literal

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from sonoloop.shapes import Clip, Frame

ResizeKernel = Literal["bilinear", "bilinear-tf1", "bilinear-corners"]
"""Names of the ways, as they appear in the ids of metrics."""


def resize_bilinear(frames: Frame, size: int) -> Float[Tensor, "b c {size} {size}"]:
    """Interpolate between the four nearest pixel centres, without antialiasing.

    Pixel i of the result lies at (i + 0.5) n / size - 0.5 in the source.

    Args:
        frames: Any range.
        size: Height and width wanted, in pixels.
    """
    return functional.interpolate(frames, (size, size), mode="bilinear", align_corners=False)


def resize_bilinear_tf1(frames: Frame, size: int) -> Float[Tensor, "b c {size} {size}"]:
    """Interpolate as ``tf.image.resize_bilinear`` of TensorFlow 1, which the first FVDs used.

    Pixel i of the result lies at i n / size in the source: there are no pixel centres, so the
    picture moves up and left by up to half a pixel.

    Args:
        frames: Any range.
        size: Height and width wanted, in pixels.
    """
    rows = _interpolate_along(frames, size, 2)
    return _interpolate_along(rows, size, 3)


def _interpolate_along(frames: Tensor, size: int, axis: int) -> Tensor:
    """Interpolate linearly along one axis at i n / size."""
    num_pixels = frames.shape[axis]
    # float64: i n / size must not fall short of a whole pixel.
    place = torch.arange(size, device=frames.device, dtype=torch.float64) * num_pixels / size
    low = place.floor().long()
    high = (low + 1).clamp_max(num_pixels - 1)
    weight = (place - low).to(frames.dtype)
    weight = weight.reshape(-1, *[1] * (frames.ndim - 1 - axis))  # against the axes after this one
    return frames.index_select(axis, low).lerp(frames.index_select(axis, high), weight)


def resize_bilinear_corners(frames: Frame, size: int) -> Float[Tensor, "b c {size} {size}"]:
    """Interpolate so that corner pixels stay corner pixels (``align_corners``).

    Pixel i of the result lies at i (n - 1) / (size - 1) in the source.

    Args:
        frames: Any range.
        size: Height and width wanted, in pixels.
    """
    return functional.interpolate(frames, (size, size), mode="bilinear", align_corners=True)


RESIZES: Final[dict[ResizeKernel, Callable[[Frame, int], Frame]]] = {
    "bilinear": resize_bilinear,
    "bilinear-tf1": resize_bilinear_tf1,
    "bilinear-corners": resize_bilinear_corners,
}
"""Name -> resize."""


def resize_clip(
    clip: Clip, size: int, kernel: ResizeKernel
) -> Float[Tensor, "b c t {size} {size}"]:
    """Resize every frame of a clip; one of that size stays as it is.

    Args:
        clip: Any range.
        size: Height and width wanted, in pixels.
        kernel: How.
    """
    if clip.shape[-2:] == (size, size):
        return clip
    frames = RESIZES[kernel](rearrange(clip, "b c t h w -> (b t) c h w"), size)
    return rearrange(frames, "(b t) c h w -> b c t h w", b=len(clip))
