"""LPIPS against its formula written out in numpy, and the published values."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sonoloop.errors import UsageError
from sonoloop.features.perceptual import (
    MIN_SIZES,
    Lpips,
    Trunk,
    TrunkName,
    diversity_taps,
    lpips,
)


def random_net(name: TrunkName) -> Lpips:
    """Build a net of random weights whose features stay alive."""
    torch.manual_seed(0)
    net = Lpips(Trunk(name), checksum="abc")
    for convolution in net.trunk.convolutions:
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        nn.init.uniform_(convolution.bias, -0.1, 0.1)
    for head in net.heads:
        nn.init.uniform_(head)
    return net.requires_grad_(requires_grad=False)


def images(size: int = 64, *, channels: int = 3, seed: int = 0) -> Tensor:
    """Make two random images."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(2, channels, size, size + 3, generator=generator) * 2 - 1


@pytest.mark.parametrize("name", ["alex", "vgg"])
def test_distance_is_the_formula(name: TrunkName) -> None:
    """Zhang et al. 2018, Eq. 1, in float64, from the trunk's maps."""
    net, a, b = random_net(name), images(), images(seed=1)
    shift = np.array([-0.030, -0.088, -0.188]).reshape(1, 3, 1, 1)
    scale = np.array([0.458, 0.448, 0.450]).reshape(1, 3, 1, 1)
    expected = np.zeros(2)
    taps = [net.trunk(torch.from_numpy((x.numpy() - shift) / scale).float()) for x in (a, b)]
    for head, tap, other in zip(net.heads, *taps, strict=True):
        f, g = tap.double().numpy(), other.double().numpy()
        f = f / np.sqrt((f**2).sum(1, keepdims=True))
        g = g / np.sqrt((g**2).sum(1, keepdims=True))
        weighted = ((f - g) ** 2 * head.double().numpy().reshape(1, -1, 1, 1)).sum(1)
        expected += weighted.mean((1, 2))
    np.testing.assert_allclose(lpips(a, b, net), expected, rtol=1e-4)


@pytest.mark.parametrize("name", ["alex", "vgg"])
def test_it_is_a_distance_of_single_images(name: TrunkName) -> None:
    """0 to itself, symmetric, positive, and one image does not see another."""
    net, a, b = random_net(name), images(), images(seed=1)
    assert torch.equal(lpips(a, a, net), torch.zeros(2))
    torch.testing.assert_close(lpips(a, b, net), lpips(b, a, net))
    assert (lpips(a, b, net) > 0).all()
    torch.testing.assert_close(lpips(a, b, net)[1:], lpips(a[1:], b[1:], net))


def test_grey_is_repeated() -> None:
    """One channel counts as three equal ones."""
    net, a, b = random_net("alex"), images(channels=1), images(channels=1, seed=1)
    rgb = lpips(a.repeat(1, 3, 1, 1), b.repeat(1, 3, 1, 1), net)
    torch.testing.assert_close(lpips(a, b, net), rgb)


def test_gradients_pass_to_the_images() -> None:
    """But not to the weights."""
    net, a = random_net("alex"), images().requires_grad_()
    net(a, images(seed=1)).sum().backward()
    assert a.grad is not None
    assert a.grad.abs().sum() > 0
    assert not lpips(a, images(), net).requires_grad


def vgg16_by_hand(trunk: Trunk) -> nn.Sequential:
    """Stack torchvision's layers in their order (Simonyan & Zisserman 2015, column D)."""
    layers: list[nn.Module] = []
    convolutions = iter(trunk.convolutions)
    for depth in (2, 2, 3, 3, 3):
        for _ in range(depth):
            layers += [next(convolutions), nn.ReLU()]
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def test_vgg_taps_are_the_layers_they_are_named_after() -> None:
    """relu1_2, 2_2, 3_3, 4_3 and 5_3 are torchvision's features 3, 8, 15, 22 and 29."""
    trunk, picture = random_net("vgg").trunk, images()
    layers = vgg16_by_hand(trunk)
    for index, tap in zip((3, 8, 15, 22, 29), trunk(picture), strict=True):
        torch.testing.assert_close(tap, layers[: index + 1](picture))


def test_alexnet_taps_are_its_five_convolutions() -> None:
    """Kernels 11, 5, 3, 3, 3 with pools of 3 after the first two."""
    trunk, picture = random_net("alex").trunk, images()
    kernels = [tuple(convolution.kernel_size) for convolution in trunk.convolutions]
    assert kernels == [(11, 11), (5, 5), (3, 3), (3, 3), (3, 3)]
    assert [tuple(tap.shape[1:]) for tap in trunk(picture)] == [
        (64, 15, 16),
        (192, 7, 7),
        (384, 3, 3),
        (256, 3, 3),
        (256, 3, 3),
    ]


def test_diversity_taps_are_those_of_the_normalised_image_at_224_pixels() -> None:
    """Mean and deviation of ImageNet; grey and RGB."""
    trunk, picture = random_net("vgg").trunk, images(channels=1)[:1]
    taps = diversity_taps(picture, trunk)
    assert [tap.shape[-1] for tap in taps] == [224, 112, 56, 28, 14]
    rgb = picture.repeat(1, 3, 1, 1)
    large = nn.functional.interpolate(rgb, (224, 224), mode="bilinear")
    for channel, (mean, std) in enumerate(((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))):
        large[:, channel] = (large[:, channel] / 2 + 0.5 - mean) / std
    for tap, expected in zip(taps, trunk(large), strict=True):
        torch.testing.assert_close(tap, expected, rtol=1e-3, atol=1e-3 * float(expected.std()))


@pytest.mark.parametrize("name", ["alex", "vgg"])
def test_the_smallest_image_is_as_stated(name: TrunkName) -> None:
    """One pixel less is refused."""
    net, size = random_net(name), MIN_SIZES[name]
    smallest = torch.zeros(1, 3, size, size)
    assert torch.isfinite(lpips(smallest, smallest + 0.5, net)).all()
    with pytest.raises(UsageError, match=f"{name} needs at least {size} each way"):
        lpips(smallest[..., 1:], smallest[..., 1:], net)


def test_images_that_do_not_fit_are_refused() -> None:
    """Shape, channels, range."""
    net = random_net("alex")
    with pytest.raises(UsageError, match=r"are \(2, 3, 64, 67\), the others \(1, 3, 64, 67\)"):
        lpips(images(), images()[:1], net)
    with pytest.raises(UsageError, match="an image has 2 channels"):
        lpips(images(channels=2), images(channels=2), net)
    with pytest.raises(UsageError, match=r"must be in \[-1, 1\]"):
        lpips(images() * 255, images(), net)


def test_without_weights_the_command_is_named(tmp_path: Path) -> None:
    """Nothing is fetched unasked."""
    with pytest.raises(UsageError, match="sonoloop weights fetch lpips-vgg --weights-dir"):
        Lpips.from_weights("vgg", tmp_path)


@pytest.mark.weights
@pytest.mark.parametrize(("name", "expected"), [("alex", 0.813954), ("vgg", 0.453837)])
def test_black_against_white_is_as_published(name: TrunkName, expected: float) -> None:
    """Images of 64 x 64, by the package ``lpips`` 0.1.4 (docs/metrics.md, Feature nets)."""
    net = Lpips.from_weights(name)
    white = torch.ones(1, 3, 64, 64)
    assert float(lpips(-white, white, net)) == pytest.approx(expected, rel=1e-5)
    assert net.id == f"lpips-v0.1-{name}"
