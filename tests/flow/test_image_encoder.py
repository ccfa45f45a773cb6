"""The frozen ResNet-50 that the cINN's flow is told the first frame by."""

import torch

from sonoloop.flow.image_encoder import LOGVAR_RANGE, FrozenConditioner, ImageEncoder


def test_size_is_that_of_resnet_50_and_a_linear_layer() -> None:
    """23,508,032 weights without the last layer (torchvision's), and 2048 to 2 x 128."""
    with torch.device("meta"):
        encoder = ImageEncoder(128)
    count = sum(weight.numel() for weight in encoder.parameters())
    assert count == 23_508_032 + 2049 * 256


def test_posterior_is_bounded_and_sees_the_image() -> None:
    """Grey images become two vectors; the log-variance stays where its exponential is finite."""
    torch.manual_seed(0)
    encoder = ImageEncoder(5).eval()
    torch.nn.init.constant_(encoder.to_posterior.bias, 1e3)
    with torch.no_grad():
        mean, logvar = encoder(torch.rand(3, 1, 32, 32) * 2 - 1)
    assert mean.shape == logvar.shape == (3, 5)
    assert not torch.equal(mean[0], mean[1])
    assert logvar.max() == LOGVAR_RANGE[1]


def test_the_conditioner_does_not_learn() -> None:
    """Neither weights nor statistics of its norms, in training mode too."""
    torch.manual_seed(0)
    conditioner = FrozenConditioner(3).train()
    before = {name: value.clone() for name, value in conditioner.state_dict().items()}
    image = torch.rand(4, 1, 32, 32) * 2 - 1
    vector = conditioner(image)
    assert not vector.requires_grad
    assert not any(weight.requires_grad for weight in conditioner.parameters())
    assert all(torch.equal(value, before[name]) for name, value in conditioner.state_dict().items())
    torch.testing.assert_close(conditioner(image[:1]), vector[:1])


def test_vectors_are_standardised() -> None:
    """Whatever the scale of the means, each number of the first vectors has mean 0, deviation 1."""
    torch.manual_seed(0)
    conditioner = FrozenConditioner(3)
    conditioner.encoder.to_posterior.weight.data *= 50
    image = torch.rand(6, 1, 32, 32) * torch.linspace(0.2, 2, 6)[:, None, None, None] - 1
    conditioner.standardise(image)
    vectors = conditioner(image)
    torch.testing.assert_close(vectors.mean(dim=0), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(vectors.std(dim=0), torch.ones(3), atol=1e-4, rtol=0)
