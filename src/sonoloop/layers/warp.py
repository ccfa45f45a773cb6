"""Backward warping of an image by a dense flow (Jaderberg et al. 2015, arXiv:1506.02025, Eq. 5)."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from sonoloop.shapes import Clip, Flow, Frame


def warp_frame(frame: Frame, flow: Flow) -> Clip:
    """Move one image along a flow, once per frame of the flow.

    out[:, :, t, y, x] = frame[:, :, y + flow_y, x + flow_x], bilinear, the border repeated.

    Args:
        frame: Image or features, one per item.
        flow: (dx, dy) in pixels of ``frame``, at the same height and width.

    Returns:
        One warped image per frame of the flow, in the flow's number of frames.
    """
    batch, _, num_frames, height, width = flow.shape
    scale = torch.tensor([2 / width, 2 / height], device=flow.device, dtype=torch.float32)
    offset = flow.float().permute(0, 2, 3, 4, 1) * scale  # (b, t, h, w, 2), in [-1, 1] units
    grid = identity_grid(height, width, device=flow.device) + offset
    # Frames are stacked along the height of one sampling grid: the image is not copied t times.
    warped = functional.grid_sample(
        frame.float(),
        grid.reshape(batch, num_frames * height, width, 2),
        padding_mode="border",
        align_corners=False,
    )
    return warped.reshape(batch, -1, num_frames, height, width)


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
