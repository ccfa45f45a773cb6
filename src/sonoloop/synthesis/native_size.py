"""From the model's small clip to the still's own size, without losing the still's own detail.

The model's clip is its small first frame, moved, plus a correction. At the native size the still
itself is moved, and only the correction is enlarged:

    frame_t = warp(still, enlarge(flow_t)) + enlarge(clip_t - warp(clip_0, flow_t))

So frame 0 is the still, and detail the model never saw rides on the motion it saw. One frame at
a time: apart from the result, memory does not grow with the length of the loop.
"""

from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from sonoloop.data.letterbox import Letterbox
from sonoloop.data.recording import Frames
from sonoloop.layers.half_pixels import with_half_pixels
from sonoloop.layers.warp import resize_flow, warp_frame

HALF_RANGE: Final = 127.5
"""Grey levels per unit of the range [-1, 1]."""


def to_native_size(
    still: Frames,
    clip: Float[Tensor, "1 t size size"],
    flow: Float[Tensor, "2 t size size"] | None,
    letterbox: Letterbox,
) -> Frames:
    """Enlarge a clip to the size of its still, and let the still's own detail ride on the motion.

    Args:
        still: The scan region of the still at its own size (1, h, w).
        clip: The model's clip; frame 0 is the still at the model's size.
        flow: Where each pixel comes from in frame 0, pixels of the model's size; None where the
            model states no motion: the detail then stays where it is.
        letterbox: How the still was brought to the model's size.

    Returns:
        Frames (t, h, w); frame 0 equals ``still``.
    """
    top, left, bottom, right = letterbox.content
    height, width = still.shape[1:]
    square = clip[None].float()
    first = square[:, :, 0]
    native = torch.from_numpy(still).to(first)[None] / HALF_RANGE - 1  # (1, 1, h, w)
    if flow is not None:
        fine_first, fine_native = with_half_pixels(first), with_half_pixels(native)

    frames = np.empty((clip.shape[1], height, width), dtype=np.uint8)
    frames[0] = still[0]
    for frame_index in range(1, clip.shape[1]):
        moved_square, moved = first, native
        if flow is not None:
            step = flow[None, :, frame_index : frame_index + 1].float()
            # Moved with its black bars, so that a bar the model pulled in is no correction.
            moved_square = warp_frame(fine_first, step)[:, :, 0]
            inner = step[..., top:bottom, left:right]
            moved = warp_frame(fine_native, resize_flow(inner, height, width))[:, :, 0]
        correction = (square[:, :, frame_index] - moved_square)[:, :, top:bottom, left:right]
        frame = moved + enlarge(correction, height, width)
        levels = ((frame + 1) * HALF_RANGE).round_().clamp_(0, 2 * HALF_RANGE)
        frames[frame_index] = levels[0, 0].to("cpu", torch.uint8).numpy()
    return frames


def enlarge(
    image: Float[Tensor, "b c h w"], height: int, width: int
) -> Float[Tensor, "b c {height} {width}"]:
    """Resize bilinearly, smoothing where it shrinks: a still may be smaller than the model.

    Args:
        image: Image of any range.
        height: New height in pixels.
        width: New width in pixels.
    """
    shrinks = height < image.shape[2] or width < image.shape[3]
    return functional.interpolate(
        image, size=(height, width), mode="bilinear", align_corners=False, antialias=shrinks
    )
