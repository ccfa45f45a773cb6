"""Any number of frames, and loops whose end meets their start, from windows of one still.

A model makes windows of a few frames, each moving the same still. Chaining them, so that a frame of
one is the still of the next, drifts: every window moves on from where the last one erred. Here
every window moves the still itself, and neighbours are blended where they overlap: not their
pixels, which would show two pictures at once, but where the pixels come from, and what is added::

    flow_t = sum_k w_k(t) flow_k(t - start_k)      correction_t = sum_k w_k(t) correction_k(...)
    frame_t = warp(still, flow_t) + correction_t   with the weights of a frame summing to 1

So any frame, early or late, is the still, moved once. For a loop the last frames go back to it:
their motion and brightness fall to zero, while speckle stays as new as in any frame, or the loop
would calm down at its end. docs/synthesis.md measures the choices.
"""

from collections.abc import Callable
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from sonoloop.layers.half_pixels import with_half_pixels
from sonoloop.layers.warp import warp_frame
from sonoloop.shapes import Clip, Flow, Frame

WINDOWS_AT_ONCE: Final = 3
"""A new window begins after this share of one. Fewer make the motion swell where two windows meet,
more cost time (docs/synthesis.md)."""

Window = tuple[Clip, Flow | None]
"""Frames of the model's length, and where their pixels come from in the still."""
DrawWindow = Callable[[int, Float[Tensor, " t"] | None], Window]
"""(frame of the loop at which the window begins, share of its motion that each of its frames shows;
None for all of it)."""


def long_loop(
    draw: DrawWindow,
    first_frame: Frame,
    *,
    window_frames: int,
    num_frames: int,
    loop: bool,
) -> Window:
    """Blend windows of the same stills into clips of any length.

    Args:
        draw: Makes another window of every still, of ``window_frames`` frames.
        first_frame: The stills.
        window_frames: Frames of a window.
        num_frames: Frames wanted, at least 2.
        loop: Whether the last frame leads to the first.

    Returns:
        Clips and flows of ``num_frames`` frames; a single window is passed on as it is.
    """
    if num_frames <= window_frames and not loop:
        clip, flow = draw(0, None)
        return clip[:, :, :num_frames], None if flow is None else flow[:, :, :num_frames]
    starts = window_starts(num_frames, window_frames)
    weights = blend_weights(starts, num_frames, window_frames)
    way_back = motion_shares(num_frames, window_frames) if loop else None
    batch, channels, height, width = first_frame.shape
    correction = torch.zeros(batch, channels, num_frames, height, width)
    flow_sum: Tensor | None = None
    fine = with_half_pixels(first_frame)
    for start, weight in zip(starts, weights, strict=True):
        stop = min(start + window_frames, num_frames)
        here, part = slice(start, stop), slice(0, stop - start)
        shares = None
        if way_back is not None:
            shares = functional.pad(way_back[here], (0, start + window_frames - stop))
        clip, flow = draw(start, shares)
        share = weight[here, None, None]
        moved = first_frame.unsqueeze(2)
        if flow is not None:
            moved = warp_frame(fine, flow)[:, :, part]
            if flow_sum is None:
                flow_sum = torch.zeros(batch, 2, num_frames, height, width)
            flow_sum[:, :, here] += share * flow[:, :, part]
        correction[:, :, here] += share * (clip[:, :, part] - moved)
    moved = first_frame.unsqueeze(2) if flow_sum is None else warp_frame(fine, flow_sum)
    return moved + correction, flow_sum


def window_starts(num_frames: int, window_frames: int) -> list[int]:
    """Place windows evenly until the last frame is covered.

    Args:
        num_frames: Frames to cover.
        window_frames: Frames of a window.

    Returns:
        First frame of each window, rising from 0.
    """
    hop = _hop(window_frames)
    return [0, *range(hop, num_frames - window_frames + hop, hop)]


def motion_shares(num_frames: int, window_frames: int) -> Float[Tensor, " {num_frames}"]:
    """Let the motion of a loop's last frames fall to 0, the still, behind the last one.

    Args:
        num_frames: Frames of the loop.
        window_frames: Frames of a window; the way back takes those between two windows.

    Returns:
        1 in all but the last frames.
    """
    way_back = min(_hop(window_frames), num_frames // 2)
    left = num_frames - torch.arange(num_frames, dtype=torch.float32)
    return (left / way_back).clamp(max=1)


def blend_weights(
    starts: list[int], num_frames: int, window_frames: int
) -> Float[Tensor, "k {num_frames}"]:
    """Share every frame among the windows that cover it.

    A window's weight rises from 0 at its first frame, where it shows the still, and falls to 0
    behind its last. The first window does not rise and the last does not fall.

    Args:
        starts: First frame of each window.
        num_frames: Frames in all.
        window_frames: Frames of a window.

    Returns:
        Weights that sum to 1 over the windows.
    """
    frame = torch.arange(num_frames, dtype=torch.float32)
    ramp = window_frames - _hop(window_frames)
    rows = []
    for start in starts:
        place = frame - start
        rising = torch.ones_like(frame) if start == starts[0] else place / ramp
        falling = torch.ones_like(frame) if start == starts[-1] else (window_frames - place) / ramp
        inside = (place >= 0) & (place < window_frames)
        rows.append(torch.minimum(rising, falling).clamp(0, 1) * inside)
    weights = torch.stack(rows)
    return weights / weights.sum(dim=0)


def _hop(window_frames: int) -> int:
    return max(1, window_frames // WINDOWS_AT_ONCE)
