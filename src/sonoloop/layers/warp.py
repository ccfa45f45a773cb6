"""Backward warping of an image by a dense flow (Jaderberg et al. 2015, arXiv:1506.02025, Eq. 5)."""

from typing import Literal

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from sonoloop.layers.half_pixels import with_half_pixels
from sonoloop.shapes import Clip, Flow, Frame

Interpolation = Literal["bicubic", "bilinear"]


def warp_frame(
    frame: Float[Tensor, "b c _ _"], flow: Flow, interpolation: Interpolation = "bicubic"
) -> Clip:
    """Move one image along a flow, once per frame of the flow.

    out[:, :, t, y, x] = frame[:, :, y + flow_y, x + flow_x], the border repeated.

    Args:
        frame: Image or features, one per item, or ``with_half_pixels`` of them: sharper.
        flow: (dx, dy) in pixels of the image, at its height and width.
        interpolation: Between pixels. Bilinear blurs what moves by half a pixel, which turns
            speckle grey (docs/experiments.md); for features and fields, which are smooth, it does.
            Bicubic keeps the grain and may leave the image's range by a little.

    Returns:
        One warped image per frame of the flow, in the flow's number of frames.
    """
    batch, _, num_frames, height, width = flow.shape
    has_half_pixels = frame.shape[2:] == (2 * height + 1, 2 * width + 1)
    scale = torch.tensor([2 / width, 2 / height], device=flow.device, dtype=torch.float32)
    offset = flow.float().permute(0, 2, 3, 4, 1) * scale  # (b, t, h, w, 2), in [-1, 1] units
    grid = identity_grid(height, width, device=flow.device) + offset
    # Frames are stacked along the height of one sampling grid: the image is not copied t times.
    warped = functional.grid_sample(
        frame.float(),
        grid.reshape(batch, num_frames * height, width, 2),
        mode=interpolation,
        padding_mode="border",
        align_corners=has_half_pixels,  # their first and last sample are the image's edges
    )
    return warped.reshape(batch, -1, num_frames, height, width)


def warp_still(still: Frame, flow: Flow) -> Clip:
    """Move one picture along a flow and keep its finest grain: ``warp_frame`` by half pixels."""
    return warp_frame(with_half_pixels(still), flow)


def integrate_velocity(velocity: Flow, squarings: int) -> Flow:
    """Follow a stationary velocity for one unit of time: the flow's exponential, without folds.

    Scaling and squaring (Arsigny et al. 2006; Dalca et al. 2018, arXiv:1805.04605): a step of
    2^-squarings, then (id + u) o (id + u) as often. Tissue that is moved so is not turned inside
    out, but for a few pixels in strong fields, which the bilinear grid cannot follow.

    Args:
        velocity: (dx, dy) in pixels per unit of time, one field per frame.
        squarings: How often; 0 takes the velocity as the displacement.

    Returns:
        Displacements in pixels.
    """
    batch = len(velocity)
    flow = rearrange(velocity, "b c t h w -> (b t) c h w") / 2**squarings
    for _ in range(squarings):
        flow = flow + warp_frame(flow, flow.unsqueeze(2), "bilinear").squeeze(2)
    displacement: Flow = rearrange(flow, "(b t) c h w -> b c t h w", b=batch)
    return displacement


def jacobian_determinant(flow: Flow) -> Float[Tensor, "b t _ _"]:
    """Return the area that a pixel comes from; where it is negative, tissue is turned inside out.

    Args:
        flow: (dx, dy) in pixels; the last row and column of pixels have no difference.
    """
    along_x = flow.diff(dim=4)[..., :-1, :]
    along_y = flow.diff(dim=3)[..., :-1]
    area: Tensor = (1 + along_x[:, 0]) * (1 + along_y[:, 1]) - along_x[:, 1] * along_y[:, 0]
    return area


def identity_grid(
    height: int, width: int, *, device: torch.device
) -> Float[Tensor, "{height} {width} 2"]:
    """Return the centre (x, y) of every pixel, the image spanning [-1, 1]."""
    x = (torch.arange(width, device=device) + 0.5) * (2 / width) - 1
    y = (torch.arange(height, device=device) + 0.5) * (2 / height) - 1
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)


def resize_flow(flow: Flow, height: int, width: int) -> Float[Tensor, "b 2 t {height} {width}"]:
    """Resample a flow to another resolution and keep it in pixels of that resolution.

    Args:
        flow: (dx, dy) in pixels.
        height: New height in pixels.
        width: New width in pixels.
    """
    factor = flow.new_tensor([width / flow.shape[4], height / flow.shape[3]])
    resized = functional.interpolate(
        flow, size=[flow.shape[2], height, width], mode="trilinear", align_corners=False
    )
    return resized * factor[:, None, None, None]
