"""Images from vectors."""

import pytest
import torch

from sonoloop.flow.image_decoder import ImageDecoder, SteeredNorm


@pytest.mark.parametrize("size", [8, 32, 64])
def test_images_have_the_size_asked_for(size: int) -> None:
    """In [-1, 1], and different for different vectors."""
    torch.manual_seed(0)
    decoder = ImageDecoder(6, size=size, width=4)
    images = decoder(torch.randn(3, 6))
    assert images.shape == (3, 1, size, size)
    assert images.abs().max() <= 1
    assert not torch.allclose(images[0], images[1])


def test_every_weight_learns() -> None:
    """No weight is dead."""
    torch.manual_seed(0)
    decoder = ImageDecoder(6, size=16, width=4)
    decoder(torch.randn(3, 6)).square().mean().backward()
    for name, weight in decoder.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name


def test_the_vector_steers_the_norm() -> None:
    """Normalised features, scaled and shifted channel by channel as the vector says."""
    norm = SteeredNorm(2, 3)
    features = 5 + 3 * torch.randn(8, 2, 4, 4)
    still = norm(features, torch.zeros(8, 3))
    torch.testing.assert_close(still.mean(dim=(0, 2, 3)), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(still.std(dim=(0, 2, 3)), torch.ones(2), atol=1e-2, rtol=0)
    vector = torch.randn(8, 3)
    with torch.no_grad():
        gain, shift = norm.to_gain(vector), norm.to_shift(vector)
    expected = (1 + gain)[:, :, None, None] * still + shift[:, :, None, None]
    torch.testing.assert_close(norm(features, vector), expected, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("size", [4, 48])
def test_other_sizes_are_refused(size: int) -> None:
    """Blocks double."""
    with pytest.raises(ValueError, match=f"8, 16, 32, ... pixels, got {size}"):
        ImageDecoder(6, size=size, width=4)
