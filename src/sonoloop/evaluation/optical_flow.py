"""Dense optical flow by Lucas and Kanade (1981) on a pyramid (Bouguet 2000, Section 2).

At each level, from coarse to fine, the flow d minimises the squared difference of a Gaussian
window of the frame and of the next frame moved back by d: a few Gauss-Newton steps

    d <- d - G^-1 sum_w (grad I) (J(x + d) - I(x)),    G = sum_w (grad I)(grad I)^T

with the gradient of the frame itself, so that G is computed once. On phantoms shifted by known
fractions of pixels, up to 6 pixels, the median error is below 0.06 pixels (towards shorter flow).
Speckle that decorrelates shortens the flow too; both sets suffer it alike.
"""

from typing import Final, NamedTuple

import torch
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from sonoloop.shapes import Clip

NUM_LEVELS: Final = 3
"""Resolutions: whole, half and quarter, so shifts of about 8 pixels are within reach."""

NUM_ITERATIONS: Final = 4
"""Gauss-Newton steps at each level."""

WINDOW_SIGMA: Final = 3.0
"""Standard deviation of the window in pixels of a level: 15 pixels hold 99 % of it."""

SMOOTHING_SIGMA: Final = 1.0
"""Standard deviation in pixels of the blur before halving, and before gradients."""

MIN_TEXTURE: Final = 1e-4
"""Smaller eigenvalue of G, in (grey / pixel)^2 with grey from 0 to 1, from which a flow counts: a
gradient of 1 % of the grey scale a pixel in the weakest direction. Black surroundings have 0."""

DAMPING: Final = 1e-6
"""Added to the diagonal of G: without texture the flow stays what the coarser level says."""

LEAST_WEIGHT: Final = 1e-9
"""Of a Gaussian's middle; smaller ones, from 6.4 standard deviations on, count as 0."""

MIN_SIDE: Final = 8
"""Pixels of the coarsest level, at least."""


class FlowField(NamedTuple):
    """Displacement between neighbouring frames.

    Args:
        displacement: (dx, dy) in pixels, where each pixel of a frame lies in the next one.
        textured: Where the frame has enough texture to know it.
    """

    displacement: Float[Tensor, "b 2 steps h w"]
    textured: Bool[Tensor, "b steps h w"]


def optical_flow(clip: Clip) -> FlowField:
    """Follow the tissue from every frame to the next.

    Args:
        clip: In [-1, 1], at least 2 frames; channels are averaged.

    Returns:
        Flow of the steps 0 -> 1, 1 -> 2 and so on, in float32.
    """
    batch = len(clip)
    grey = (clip.float().mean(dim=1) + 1) / 2
    frames = _blur(rearrange(grey[:, :-1], "b t h w -> (b t) 1 h w"), SMOOTHING_SIGMA)
    following = _blur(rearrange(grey[:, 1:], "b t h w -> (b t) 1 h w"), SMOOTHING_SIGMA)
    pyramid = [(frames, following)]
    while len(pyramid) < NUM_LEVELS and min(pyramid[-1][0].shape[2:]) >= 2 * MIN_SIDE:
        halves = [functional.avg_pool2d(image, 2) for image in pyramid[-1]]
        pyramid.append((_blur(halves[0], SMOOTHING_SIGMA), _blur(halves[1], SMOOTHING_SIGMA)))
    flow = torch.zeros(len(frames), 2, *pyramid[-1][0].shape[2:], device=clip.device)
    textured = torch.zeros_like(flow[:, 0], dtype=torch.bool)
    for image, next_image in reversed(pyramid):
        flow = _enlarged(flow, image.shape[2], image.shape[3])
        flow, textured = _refined(flow, image, next_image)
    return FlowField(
        rearrange(flow, "(b t) d h w -> b d t h w", b=batch),
        rearrange(textured, "(b t) h w -> b t h w", b=batch),
    )


def _refined(flow: Tensor, image: Tensor, following: Tensor) -> tuple[Tensor, Tensor]:
    """Take the Gauss-Newton steps of one level."""
    across, down = _gradients(image)
    xx, xy, yy = (
        _blur(product, WINDOW_SIGMA) for product in (across * across, across * down, down * down)
    )
    spread = (((xx - yy) / 2).square() + xy.square()).sqrt()
    textured = ((xx + yy) / 2 - spread)[:, 0] >= MIN_TEXTURE
    xx, yy = xx + DAMPING, yy + DAMPING
    determinant = xx * yy - xy * xy
    for _ in range(NUM_ITERATIONS):
        difference = _moved_back(following, flow) - image
        right = _blur(across * difference, WINDOW_SIGMA)
        below = _blur(down * difference, WINDOW_SIGMA)
        step = torch.cat((yy * right - xy * below, xx * below - xy * right), 1) / determinant
        # More than a pixel a step is beyond what a linear model of the image can say.
        flow = flow - step.clamp(-1, 1)
    return flow, textured


def _gradients(image: Tensor) -> tuple[Tensor, Tensor]:
    """Take central differences over width and height; the border is repeated."""
    padded = functional.pad(image, (1, 1, 1, 1), mode="replicate")
    across = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    return across, (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2


def _moved_back(image: Tensor, flow: Tensor) -> Tensor:
    """Sample image[y + dy, x + dx], bicubic: linear interpolation would blur and bias."""
    height, width = image.shape[2:]
    x = (torch.arange(width, device=image.device) + flow[:, 0] + 0.5) * (2 / width) - 1
    rows = torch.arange(height, device=image.device)[:, None]
    y = (rows + flow[:, 1] + 0.5) * (2 / height) - 1
    grid = torch.stack((x, y), dim=-1)
    return functional.grid_sample(
        image, grid, mode="bicubic", padding_mode="border", align_corners=False
    )


def _enlarged(flow: Tensor, height: int, width: int) -> Tensor:
    """Bring a flow to a finer level, in pixels of that level."""
    if tuple(flow.shape[2:]) == (height, width):
        return flow
    factor = flow.new_tensor([width / flow.shape[3], height / flow.shape[2]]).view(1, 2, 1, 1)
    larger = functional.interpolate(
        flow, size=(height, width), mode="bilinear", align_corners=False
    )
    return larger * factor


def _blur(image: Tensor, sigma: float) -> Tensor:
    """Smooth with a Gaussian, cut off and normalised at the border.

    As products with banded matrices, several times faster on a CPU than convolutions.
    """
    height, width = image.shape[2:]
    return _band(height, sigma, image) @ image @ _band(width, sigma, image).mT


def _band(size: int, sigma: float, like: Tensor) -> Tensor:
    place = torch.arange(size, device=like.device, dtype=like.dtype)
    weights = torch.exp(-0.5 * ((place[:, None] - place) / sigma) ** 2)
    weights[weights < LEAST_WEIGHT] = 0  # numbers below the normal ones multiply 36 times slower
    return weights / weights.sum(1, keepdim=True)
