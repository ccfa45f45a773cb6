"""The image autoencoder and its losses."""

import math

import pytest
import torch

from sonoloop.flow.image_autoencoder import ImageAutoencoder, RebuiltImage, image_losses


def test_noise_moves_the_image_by_the_posterior_s_spread() -> None:
    """Without noise the mean is decoded; the decoder is told mean + exp(logvar / 2) noise."""
    torch.manual_seed(0)
    model = ImageAutoencoder(4, size=32, decoder_width=4).eval()
    image, noise = torch.rand(2, 1, 32, 32) * 2 - 1, torch.randn(2, 4)
    with torch.no_grad():
        made = model(image, torch.zeros(2, 4))
        assert torch.equal(made.image, model.decoder(made.mean))
        moved = made.mean + torch.exp(made.logvar / 2) * noise
        torch.testing.assert_close(model(image, noise).image, model.decoder(moved))
    assert model.last_layer.shape == (1, 4, 3, 3)


def test_losses_are_those_of_the_formula() -> None:
    """By hand: 16 pixels, error 0.5 + 0.3, scale e, KL of N(1, 1) in three numbers: 3/2."""
    image = torch.zeros(2, 1, 4, 4)
    made = RebuiltImage(image + 0.5, torch.ones(2, 3), torch.zeros(2, 3), torch.tensor(1.0))
    losses = image_losses(made, image, torch.tensor(0.3), kl_weight=0.1)
    assert losses["l1"].item() == pytest.approx(0.5)
    assert losses["kl"].item() == pytest.approx(1.5)
    assert losses["loss"].item() == pytest.approx(16 * (0.8 / math.e + 1) + 0.15)
    assert "perceptual" not in image_losses(made, image, None, kl_weight=0.1)


def test_the_best_scale_is_the_error_itself() -> None:
    """d/ds (error exp(-s) + s) = 0 at s = log(error)."""
    scale = torch.tensor(math.log(0.5), requires_grad=True)
    image = torch.zeros(1, 1, 4, 4)
    made = RebuiltImage(image + 0.5, torch.zeros(1, 3), torch.zeros(1, 3), scale)
    image_losses(made, image, None, kl_weight=0.0)["loss"].backward()
    assert scale.grad is not None
    assert scale.grad.item() == pytest.approx(0.0, abs=1e-5)
