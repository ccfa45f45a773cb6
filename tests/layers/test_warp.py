"""Warping moves pixels by the flow, in pixels, and nothing else."""

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from sonoloop.layers.warp import resize_flow, warp_frame


def test_no_flow_returns_the_frame_at_every_time() -> None:
    """Zero displacement is the identity."""
    frame = torch.rand(2, 3, 9, 12)
    warped = warp_frame(frame, torch.zeros(2, 2, 5, 9, 12))
    assert warped.shape == (2, 3, 5, 9, 12)
    torch.testing.assert_close(warped, frame.unsqueeze(2).expand_as(warped), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("dx", "dy"), [(2, 0), (0, 3), (-1, 2)])
def test_a_whole_pixel_flow_is_a_shift(dx: int, dy: int) -> None:
    """out[y, x] = frame[y + dy, x + dx] away from the border."""
    frame = torch.rand(1, 1, 16, 20)
    flow = torch.tensor([dx, dy], dtype=torch.float32).view(1, 2, 1, 1, 1).expand(1, 2, 1, 16, 20)
    warped = warp_frame(frame, flow)[0, 0, 0]
    shifted = torch.roll(frame[0, 0], (-dy, -dx), (0, 1))
    torch.testing.assert_close(warped[4:-4, 4:-4], shifted[4:-4, 4:-4], atol=1e-5, rtol=0)


def test_fractions_of_a_pixel_agree_with_scipy() -> None:
    """scipy.ndimage.map_coordinates, order 1 and mode nearest, is the independent source."""
    rng = np.random.default_rng(0)
    frame = rng.random((11, 14)).astype(np.float32)
    flow = rng.normal(0, 2, (2, 3, 11, 14)).astype(np.float32)
    rows, columns = np.mgrid[:11, :14].astype(np.float32)
    expected = np.stack(
        [
            map_coordinates(
                frame, [rows + flow[1, t], columns + flow[0, t]], order=1, mode="nearest"
            )
            for t in range(3)
        ]
    )
    warped = warp_frame(torch.from_numpy(frame)[None, None], torch.from_numpy(flow)[None])
    np.testing.assert_allclose(warped[0, 0].numpy(), expected, atol=1e-4)


def test_resizing_a_flow_keeps_its_meaning() -> None:
    """A shift of 1 pixel is a shift of 4 at four times the width, 2 at twice the height."""
    flow = torch.ones(1, 2, 3, 8, 8)
    resized = resize_flow(flow, 16, 32)
    assert resized.shape == (1, 2, 3, 16, 32)
    torch.testing.assert_close(resized[:, 0], torch.full((1, 3, 16, 32), 4.0))
    torch.testing.assert_close(resized[:, 1], torch.full((1, 3, 16, 32), 2.0))
