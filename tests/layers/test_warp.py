"""Warping moves pixels by the flow, in pixels, and nothing else."""

import math
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm
from scipy.ndimage import map_coordinates
from torch.nn import functional

from sonoloop.layers.gaussian_blur import gaussian_blur
from sonoloop.layers.warp import (
    Interpolation,
    integrate_velocity,
    jacobian_determinant,
    resize_flow,
    warp_frame,
)


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


def random_frame_and_flow() -> tuple[torch.Tensor, torch.Tensor]:
    """Return a frame (11, 14) and a flow (2, 3, 11, 14) that leaves it here and there."""
    rng = np.random.default_rng(0)
    frame = rng.random((11, 14)).astype(np.float32)
    flow = rng.normal(0, 2, (2, 3, 11, 14)).astype(np.float32)
    return torch.from_numpy(frame), torch.from_numpy(flow)


def test_bilinear_fractions_of_a_pixel_agree_with_scipy() -> None:
    """scipy.ndimage.map_coordinates, order 1 and mode nearest, is the independent source."""
    frame, flow = random_frame_and_flow()
    rows, columns = np.mgrid[:11, :14].astype(np.float32)
    expected = np.stack(
        [
            map_coordinates(frame.numpy(), [rows + down, columns + right], order=1, mode="nearest")
            for right, down in zip(*flow.numpy(), strict=True)
        ]
    )
    warped = warp_frame(frame[None, None], flow[None], "bilinear")
    np.testing.assert_allclose(warped[0, 0].numpy(), expected, atol=1e-4)


def cubic_weight(distance: float) -> float:
    """Return Keys' kernel (1981, doi:10.1109/TASSP.1981.1163711, Eq. 15's family), a = -0.75."""
    x, a = abs(distance), -0.75
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0.0


def test_bicubic_fractions_of_a_pixel_are_keys_cubic_convolution() -> None:
    """Sixteen neighbours, each weighted by the kernel, written out for every pixel."""
    frame, flow = random_frame_and_flow()
    height, width = frame.shape
    expected = torch.zeros(3, height, width)
    for t, y, x in np.ndindex(expected.shape):
        down, right = y + float(flow[1, t, y, x]), x + float(flow[0, t, y, x])
        for row in range(math.floor(down) - 1, math.floor(down) + 3):
            for column in range(math.floor(right) - 1, math.floor(right) + 3):
                pixel = frame[min(max(row, 0), height - 1), min(max(column, 0), width - 1)]
                expected[t, y, x] += cubic_weight(down - row) * cubic_weight(right - column) * pixel
    warped = warp_frame(frame[None, None], flow[None])[0, 0]
    torch.testing.assert_close(warped, expected, atol=1e-4, rtol=0)


def test_bicubic_keeps_the_grain_that_bilinear_blurs() -> None:
    """Speckle moved by half a pixel keeps most of its contrast."""
    noise = torch.randn(1, 1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    grain = gaussian_blur(noise, 1.0)[:, :, 0]
    half = torch.full((1, 2, 1, 64, 64), 0.5)
    bicubic, bilinear = (warp_frame(grain, half, name) for name in get_args(Interpolation))
    assert bicubic.std() > 0.97 * grain.std()
    assert bilinear.std() < 0.9 * grain.std()


def test_resizing_a_flow_keeps_its_meaning() -> None:
    """A shift of 1 pixel is a shift of 4 at four times the width, 2 at twice the height."""
    flow = torch.ones(1, 2, 3, 8, 8)
    resized = resize_flow(flow, 16, 32)
    assert resized.shape == (1, 2, 3, 16, 32)
    torch.testing.assert_close(resized[:, 0], torch.full((1, 3, 16, 32), 4.0))
    torch.testing.assert_close(resized[:, 1], torch.full((1, 3, 16, 32), 2.0))


def linear_field(matrix: list[list[float]], size: int) -> torch.Tensor:
    """Return A (x, y) at every pixel (1, 2, 1, size, size), the origin in the middle."""
    y, x = torch.meshgrid(*2 * [torch.arange(size) - (size - 1) / 2], indexing="ij")
    return torch.einsum("ij,jhw->ihw", torch.tensor(matrix), torch.stack([x, y]))[None, :, None]


@pytest.mark.parametrize(
    "matrix",
    [
        pytest.param([[-0.7, 0.0], [0.0, 0.4]], id="squeezed one way, stretched the other"),
        pytest.param([[0.0, -1.0], [1.0, 0.0]], id="turned by one radian"),
    ],
)
def test_a_linear_velocity_gives_the_matrix_exponential(matrix: list[list[float]]) -> None:
    """Following A x for one unit of time leads to expm(A) x; scipy's is the independent source."""
    size, middle = 33, slice(11, 22)
    flow = integrate_velocity(linear_field(matrix, size), 8)
    expected = linear_field((expm(np.array(matrix)) - np.eye(2)).astype(np.float32).tolist(), size)
    torch.testing.assert_close(
        flow[..., middle, middle], expected[..., middle, middle], atol=0.02, rtol=0
    )
    torch.testing.assert_close(
        integrate_velocity(linear_field(matrix, size), 0), linear_field(matrix, size)
    )


def test_area_of_a_moved_pixel() -> None:
    """Of x -> A x it is det(I + A) everywhere."""
    area = jacobian_determinant(linear_field([[0.5, 0.2], [-0.1, -3.0]], 9))
    torch.testing.assert_close(area, torch.full((1, 1, 8, 8), 1.5 * -2 + 0.2 * 0.1))


def random_velocity(seed: int, pixels: float) -> torch.Tensor:
    """Draw two smooth fields (1, 2, 2, 32, 32) whose knots, 4 pixels apart, deviate by so much."""
    coarse = torch.randn(1, 2, 2, 8, 8, generator=torch.Generator().manual_seed(seed))
    return pixels * functional.interpolate(coarse, size=(2, 32, 32), mode="trilinear")


@given(seed=st.integers(0, 2**31 - 1), pixels=st.floats(0.1, 1))
def test_what_is_integrated_does_not_fold_and_can_be_undone(seed: int, pixels: float) -> None:
    """Every pixel keeps a positive area, and the way back is that of the negative velocity."""
    velocity = random_velocity(seed, pixels)
    flow, back = integrate_velocity(velocity, 5), integrate_velocity(-velocity, 5)
    assert jacobian_determinant(flow).min() > 0
    for there, here in zip(flow.unbind(2), back.unbind(2), strict=True):
        returned = there + warp_frame(here, there.unsqueeze(2)).squeeze(2)
        assert returned[..., 10:22, 10:22].abs().mean() < 0.1


@pytest.mark.parametrize("seed", range(5))
def test_displacements_that_fold_hardly_do_when_integrated(seed: int) -> None:
    """Of strong fields the bilinear grid turns a few pixels in a thousand inside out at most."""
    velocity = random_velocity(seed, 2.0)
    folded = [
        float((jacobian_determinant(integrate_velocity(velocity, count)) <= 0).float().mean())
        for count in (0, 5)
    ]
    assert folded[0] > 0.03
    assert folded[1] < 0.005
