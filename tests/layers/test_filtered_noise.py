"""Noise comes out with the strength and grain that were asked for."""

import torch

from sonoloop.layers.filtered_noise import GRAINS_PX, FilteredNoise

NUM = FilteredNoise.num_filters


def noise_like_clip(*shape: int) -> torch.Tensor:
    """Draw the same standard normal numbers every time."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def one_filter(number: int, *shape: int, strength: float = 1.0) -> torch.Tensor:
    """Ask for one filter alone."""
    mix = torch.zeros(1, NUM, *shape)
    mix[:, number] = strength
    return mix


def test_no_mix_no_noise() -> None:
    """Where every strength is zero nothing is added."""
    out = FilteredNoise()(torch.zeros(2, NUM, 4, 16, 16), torch.randn(2, 1, 4, 16, 16))
    assert not out.any()


def test_strength_is_the_standard_deviation() -> None:
    """Any filter, however large its numbers, at strength 1/2 gives a deviation of 1/2."""
    layer = FilteredNoise()
    layer.filters.data *= 30
    noise = noise_like_clip(1, 1, 8, 128, 128)
    for number in range(NUM):
        out = layer(one_filter(number, 8, 128, 128, strength=0.5), noise)[..., 4:-4, 4:-4]
        torch.testing.assert_close(out.std(), torch.tensor(0.5), atol=0.02, rtol=0)


def test_grain_is_that_of_the_filter() -> None:
    """Gaussian noise of grain s is alike by exp(-d^2 / (4 s^2)) at a distance of d pixels."""
    layer = FilteredNoise()
    noise = noise_like_clip(1, 1, 4, 256, 256)
    for number in (2, 3):
        out = layer(one_filter(number, 4, 256, 256), noise)[0, 0, :, 8:-8, 8:-8]
        for axis, grain in zip((2, 1), GRAINS_PX[number], strict=True):
            alike = (out.roll(1, axis) * out)[:, 1:, 1:].mean()
            expected = torch.exp(torch.tensor(-1 / (4 * grain**2)))
            torch.testing.assert_close(alike, expected, atol=0.05, rtol=0)


def test_filters_are_mixed_by_place() -> None:
    """Where only the left half asks, the right half stays empty."""
    mix = one_filter(0, 2, 8, 16)
    mix[..., 8:] = 0
    out = FilteredNoise()(mix, noise_like_clip(1, 1, 2, 8, 16))
    assert out[..., :8].all()
    assert not out[..., 8:].any()


def test_frames_have_noise_of_their_own() -> None:
    """The filters look at one frame at a time."""
    layer = FilteredNoise()
    mix, noise = torch.ones(1, NUM, 3, 8, 8), noise_like_clip(1, 1, 3, 8, 8)
    alone = layer(mix[:, :, 1:2], noise[:, :, 1:2])
    torch.testing.assert_close(layer(mix, noise)[:, :, 1:2], alone)
