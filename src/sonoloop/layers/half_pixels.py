"""A picture with the places halfway between its pixels, by a Lanczos-windowed sinc (Duchon 1979).

Cubic interpolation keeps grain of four pixels and blurs finer grain where it falls between pixels.
Between half pixels it has twice as many samples of the same grain to go by.
"""

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from sonoloop.shapes import Frame

LOBES: Final = 6
"""Pixels to either side that a place between two pixels is computed from."""


def with_half_pixels(frame: Frame) -> Float[Tensor, "b c 2*h+1 2*w+1"]:
    """Return pixels, unchanged, and what lies halfway between them; the border is repeated.

    Sample j lies at pixel (j - 1) / 2: the first at -1/2, half a pixel outside, as the last.
    """
    with torch.autocast(frame.device.type, enabled=False):
        rows = _with_halves(frame.float().mT).mT
        fine: Tensor = _with_halves(rows)
    return fine


def _with_halves(lines: Float[Tensor, "b c m n"]) -> Float[Tensor, "b c m 2*n+1"]:
    """Put halfway samples between, before and behind the samples of every line."""
    place = torch.arange(0.5 - LOBES, LOBES, device=lines.device)
    kernel = torch.sinc(place) * torch.sinc(place / LOBES)
    padded = functional.pad(lines, (LOBES, LOBES, 0, 0), mode="replicate")
    halves = padded.unfold(3, 2 * LOBES, 1) @ (kernel / kernel.sum())
    pairs = torch.stack([halves[..., :-1], lines], dim=-1).flatten(3)
    return torch.cat([pairs, halves[..., -1:]], dim=3)
