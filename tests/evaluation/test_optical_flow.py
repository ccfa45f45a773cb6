"""Optical flow finds known shifts, and says where it cannot."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from sonoloop.data.phantom import phantom_clip
from sonoloop.evaluation.optical_flow import optical_flow
from sonoloop.shapes import Clip


def shifted_phantom(shift: tuple[float, float], size: int = 64) -> Clip:
    """Move a phantom's frame by (dx, dy) with cubic splines, an interpolation not ours."""
    frame = phantom_clip(np.random.default_rng(0), size=size, num_frames=1)[0] / 127.5 - 1
    moved = ndimage.shift(frame, shift[::-1], order=3, mode="mirror")
    return torch.from_numpy(np.stack([frame, moved]))[None, None].float()


def inner(values: Tensor) -> Tensor:
    """Leave out 8 pixels of border, across which tissue came in."""
    return values[..., 8:-8, 8:-8]


@pytest.mark.parametrize(
    "shift", [(0.0, 0.0), (0.1, 0.0), (0.4, -0.3), (1.3, 0.7), (3.0, -2.0), (-6.0, 2.0)]
)
def test_known_shifts_are_found(shift: tuple[float, float]) -> None:
    """Median error below .06 pixels, the stated accuracy, the sign as documented."""
    flow = optical_flow(shifted_phantom(shift))
    assert flow.displacement.shape == (1, 2, 1, 64, 64)
    expected = torch.tensor(shift).view(2, 1, 1)
    error = (inner(flow.displacement[0, :, 0]) - expected).norm(dim=0)
    assert error.median() < 0.06
    assert inner(flow.textured).float().mean() > 0.9


def test_every_step_and_clip_has_its_own_flow() -> None:
    """A batch of two clips of three frames, one of them reversed."""
    there, back = shifted_phantom((2.0, 0.0)), shifted_phantom((2.0, 0.0)).flip(2)
    first = torch.cat([there, there[:, :, 1:]], dim=2)  # moves, then rests
    second = torch.cat([back[:, :, :1], back], dim=2)  # rests, then moves back
    flow = optical_flow(torch.cat([first, second])).displacement
    medians = inner(flow[:, 0]).flatten(2).median(dim=2).values
    torch.testing.assert_close(medians, torch.tensor([[2.0, 0.0], [0.0, -2.0]]), atol=0.06, rtol=0)


def test_black_and_flat_regions_have_no_texture() -> None:
    """There the flow is 0 and not counted."""
    clip = shifted_phantom((1.0, 0.0))
    clip[..., :32] = -1
    flow = optical_flow(clip)
    assert not flow.textured[..., :20].any()
    assert flow.textured[..., 40:].float().mean() > 0.9
    flat = optical_flow(torch.zeros(1, 1, 2, 16, 16))
    assert not flat.textured.any()
    assert (flat.displacement == 0).all()
