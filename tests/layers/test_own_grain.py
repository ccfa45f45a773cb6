"""Noise takes over a picture's spectrum and nothing of its structure."""

import torch

from sonoloop.layers.gaussian_blur import gaussian_blur
from sonoloop.layers.own_grain import noise_with_grain_of


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    """Draw the same standard normal numbers every time."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_variance_is_one_whatever_the_contrast_of_the_picture() -> None:
    """Faint or strong, fine or coarse: variance 1 and mean 0, each picture by itself."""
    fine = normal(1, 1, 128, 128)
    coarse = gaussian_blur(fine.unsqueeze(2), 1.5)[:, :, 0]
    texture = torch.cat([1e-3 * fine, 100 * coarse])
    made = noise_with_grain_of(texture, normal(2, 1, 16, 128, 128, seed=1))
    torch.testing.assert_close(made.var(dim=(1, 2, 3, 4)), torch.ones(2), atol=0.05, rtol=0)
    torch.testing.assert_close(made.mean(dim=(1, 2, 3, 4)), torch.zeros(2), atol=0.02, rtol=0)


def test_grain_is_that_of_the_picture() -> None:
    """Gaussian grain s, twice as wide as high: alike by exp(-d^2 / (4 s^2)) at a distance of d."""
    down, across = 1.0, 2.0
    place = torch.arange(-8, 9)
    kernel = torch.exp(-0.5 * (place / down) ** 2)[:, None] * torch.exp(
        -0.5 * (place / across) ** 2
    )
    padded = torch.nn.functional.pad(normal(1, 1, 128, 128), (8, 8, 8, 8), mode="circular")
    texture = torch.nn.functional.conv2d(padded, kernel[None, None])
    made = noise_with_grain_of(texture, normal(1, 1, 16, 128, 128, seed=1))
    for axis, grain in ((3, down), (4, across)):
        alike = (made.roll(1, axis) * made).mean()
        expected = torch.exp(torch.tensor(-1 / (4 * grain**2)))
        torch.testing.assert_close(alike, expected, atol=0.03, rtol=0)


def test_structure_is_dissolved() -> None:
    """One bright dot has a flat spectrum: the noise has no dot, and differs in every frame."""
    dot = torch.zeros(1, 1, 64, 64)
    dot[0, 0, 20, 30] = 1
    made = noise_with_grain_of(dot, normal(1, 1, 2, 64, 64, seed=1))
    torch.testing.assert_close(made.square().sum(), torch.tensor(2 * 64.0**2), rtol=0.05, atol=0)
    assert made.abs().max() < 6
    one, other = made[0, 0]
    assert (one * other).mean().abs() < 0.05


def test_a_flat_picture_gives_no_noise() -> None:
    """There is no grain to take over: zeros, and nothing that is not a number."""
    assert not noise_with_grain_of(torch.zeros(1, 1, 16, 16), normal(1, 1, 2, 16, 16)).any()


def test_odd_sizes_keep_their_shape() -> None:
    """Stills come in any size."""
    made = noise_with_grain_of(normal(2, 3, 17, 31), normal(2, 3, 4, 17, 31, seed=1))
    assert made.shape == (2, 3, 4, 17, 31)
