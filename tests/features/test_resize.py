"""Each resize takes its pixels from where it says."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from sonoloop.features.resize import (
    RESIZES,
    ResizeKernel,
    resize_bilinear,
    resize_bilinear_corners,
    resize_bilinear_tf1,
    resize_clip,
)


def picture(height: int, width: int, *, seed: int = 0) -> Tensor:
    """Make two random pictures of two channels."""
    return torch.rand(2, 2, height, width, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize(("height", "width"), [(64, 64), (37, 50), (300, 231)])
@pytest.mark.parametrize("kernel", RESIZES)
def test_pixels_come_from_where_the_docstring_says(
    kernel: ResizeKernel, height: int, width: int
) -> None:
    """Against scipy's linear interpolation at these places; outside, the nearest edge counts.

    To 1e-4: torch computes the places in float32.
    """
    frames, i = picture(height, width), np.arange(56)
    places = [
        {
            "bilinear": (i + 0.5) * size / 56 - 0.5,
            "bilinear-tf1": i * size / 56,
            "bilinear-corners": i * (size - 1) / 55,
        }[kernel]
        for size in (height, width)
    ]
    grid = np.meshgrid(*places, indexing="ij")
    expected = [
        [ndimage.map_coordinates(plane, grid, order=1, mode="nearest") for plane in frame]
        for frame in frames.numpy()
    ]
    np.testing.assert_allclose(RESIZES[kernel](frames, 56), expected, atol=1e-4)


def test_values_of_tensorflow_1_on_a_row() -> None:
    """Doubling [0, 1, 2, 3] gives halves and the last value twice: no pixel centres."""
    frames = torch.arange(4.0).expand(1, 1, 4, 4)
    row = resize_bilinear_tf1(frames, 8)[0, 0, 0]
    torch.testing.assert_close(row, torch.tensor([0, 0.5, 1, 1.5, 2, 2.5, 3, 3]))


def test_values_on_a_row() -> None:
    """Doubling [0, 1, 2, 3] with pixel centres, and stretching it between corners."""
    frames = torch.arange(4.0).expand(1, 1, 4, 4)
    centres = torch.tensor([0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3])
    torch.testing.assert_close(resize_bilinear(frames, 8)[0, 0, 0], centres)
    corners = torch.arange(8) * 3 / 7
    torch.testing.assert_close(resize_bilinear_corners(frames, 8)[0, 0, 0], corners)


@pytest.mark.parametrize("kernel", RESIZES)
def test_a_clip_is_resized_frame_by_frame(kernel: ResizeKernel) -> None:
    """And left alone if it has the size."""
    clip = torch.stack([picture(20, 20, seed=t) for t in range(3)], 2)
    resized = resize_clip(clip, 24, kernel)
    assert resized.shape == (2, 2, 3, 24, 24)
    torch.testing.assert_close(resized[:, :, 1], RESIZES[kernel](clip[:, :, 1], 24))
    assert resize_clip(clip, 20, kernel) is clip
    torch.testing.assert_close(RESIZES[kernel](clip[:, :, 0], 20), clip[:, :, 0])
