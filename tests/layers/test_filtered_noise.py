"""Noise comes out with variance 1 and the grain that was asked for."""

import torch

from sonoloop.layers.filtered_noise import GRAINS_PX, FilteredNoise

NUM = FilteredNoise.num_filters


def noise_like_clip(*shape: int) -> torch.Tensor:
    """Draw the same standard normal numbers every time."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def one_filter(number: int, *shape: int) -> torch.Tensor:
    """Ask for one filter alone."""
    logits = torch.zeros(1, NUM, *shape)
    logits[:, number] = 30
    return logits


def test_variance_is_one_whatever_the_mix_and_the_filters() -> None:
    """All filters evenly, or one; long filters as short ones."""
    layer = FilteredNoise()
    layer.filters.data *= torch.arange(1, NUM + 1)[:, None, None, None]
    noise = noise_like_clip(1, 1, 8, 128, 128)
    for logits in (torch.zeros(1, NUM, 8, 128, 128), one_filter(4, 8, 128, 128)):
        torch.testing.assert_close(layer(logits, noise).var(), torch.tensor(1.0), atol=0.05, rtol=0)


def test_grain_is_that_of_the_filter() -> None:
    """Gaussian noise of grain s is alike by exp(-d^2 / (4 s^2)) at a distance of d pixels."""
    layer = FilteredNoise()
    noise = noise_like_clip(1, 1, 4, 256, 256)
    for number in (2, 3):
        out = layer(one_filter(number, 4, 256, 256), noise)[0, 0]
        for axis, grain in zip((2, 1), GRAINS_PX[number], strict=True):
            alike = (out.roll(1, axis) * out).mean()
            expected = torch.exp(torch.tensor(-1 / (4 * grain**2)))
            torch.testing.assert_close(alike, expected, atol=0.05, rtol=0)


def test_filters_are_mixed_by_place() -> None:
    """Left one filter, right another: each half equals what that filter alone gives."""
    layer, noise = FilteredNoise(), noise_like_clip(1, 1, 2, 8, 16)
    left, right = one_filter(0, 2, 8, 16), one_filter(5, 2, 8, 16)
    mixed = layer(torch.cat([left[..., :8], right[..., 8:]], dim=-1), noise)
    torch.testing.assert_close(mixed[..., :8], layer(left, noise)[..., :8])
    torch.testing.assert_close(mixed[..., 8:], layer(right, noise)[..., 8:])


def test_frames_have_noise_of_their_own() -> None:
    """The filters look at one frame at a time."""
    layer = FilteredNoise()
    logits, noise = torch.ones(1, NUM, 3, 8, 8), noise_like_clip(1, 1, 3, 8, 8)
    alone = layer(logits[:, :, 1:2], noise[:, :, 1:2])
    torch.testing.assert_close(layer(logits, noise)[:, :, 1:2], alone)


def test_filters_that_cancel_give_little_and_not_infinity() -> None:
    """A filter and its negative, evenly mixed, leave nothing; gradients stay finite too."""
    layer = FilteredNoise()
    half = NUM // 2
    layer.filters.data[half:] = -layer.filters.data[:half]
    made = layer(torch.zeros(1, NUM, 1, 8, 8, requires_grad=True), noise_like_clip(1, 1, 1, 8, 8))
    made.square().sum().backward()
    assert made.abs().max() < 1e-2
    assert layer.filters.grad is not None
    assert layer.filters.grad.isfinite().all()
