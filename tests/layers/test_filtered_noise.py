"""Noise comes out with the strength and grain that were asked for."""

import torch

from sonoloop.layers.filtered_noise import FilteredNoise


def test_no_mix_no_noise() -> None:
    """Where every strength is zero nothing is added."""
    layer = FilteredNoise(3, 5)
    out = layer(torch.zeros(2, 3, 4, 16, 16), torch.randn(2, 1, 4, 16, 16))
    assert not out.any()


def test_strength_is_the_standard_deviation() -> None:
    """One filter of any length at strength 1/2 gives noise of standard deviation 1/2."""
    layer = FilteredNoise(1, 7)
    layer.filters.data *= 30
    noise = torch.randn(1, 1, 8, 128, 128, generator=torch.Generator().manual_seed(0))
    out = layer(torch.full_like(noise, 0.5), noise)
    torch.testing.assert_close(out.std(), torch.tensor(0.5), atol=0.01, rtol=0)


def test_a_wide_filter_gives_wide_grain_and_filters_are_mixed_by_place() -> None:
    """Left a filter along the rows, right one along the columns: neighbours there are alike."""
    layer = FilteredNoise(2, 7)
    layer.filters.data.zero_()
    layer.filters.data[0, ..., 3, :] = 1
    layer.filters.data[1, ..., :, 3] = 1
    mix = torch.zeros(1, 2, 1, 64, 128)
    mix[:, 0, ..., :64], mix[:, 1, ..., 64:] = 1, 1
    noise = torch.randn(1, 1, 1, 64, 128, generator=torch.Generator().manual_seed(0))
    out = layer(mix, noise)[0, 0, 0]
    for half, along in ((out[:, 4:60], 1), (out[:, 68:124], 0)):
        alike = [
            (half.narrow(d, 1, half.shape[d] - 1) * half.narrow(d, 0, half.shape[d] - 1)).mean()
            for d in (0, 1)
        ]
        assert alike[along] > 0.7
        assert abs(alike[1 - along]) < 0.2


def test_frames_have_noise_of_their_own() -> None:
    """The filters look at one frame at a time."""
    layer = FilteredNoise(2, 5)
    mix, noise = torch.ones(1, 2, 3, 8, 8), torch.randn(1, 1, 3, 8, 8)
    alone = layer(mix[:, :, 1:2], noise[:, :, 1:2])
    torch.testing.assert_close(layer(mix, noise)[:, :, 1:2], alone)
