"""The net of FID against one written from torch's own modules, and against published sizes."""

from typing import TYPE_CHECKING

import pytest
import torch

from sonoloop.features.image_inception import (
    NUM_CLASSES,
    ImageInception,
    file_layout,
    load_image_inception,
)

if TYPE_CHECKING:
    from conftest import ReferenceInception


def test_size_is_that_of_published_inceptions() -> None:
    """23,851,784 numbers of Keras' InceptionV3.

    It has 1,000 classes and three numbers of batch norm a channel (source:
    https://keras.io/api/applications). PyTorch's file of the FID net has four numbers a
    channel and 1,008 classes.
    """
    with torch.device("meta"):
        net = ImageInception()
    kernels = [part.get_parameter("weight") for part in net.convolutions.values()]
    assert len(kernels) == 94
    num_weights = sum(kernel.numel() for kernel in kernels)
    num_channels = sum(len(kernel) for kernel in kernels)
    assert num_weights + 3 * num_channels + 1000 * 2049 == 23_851_784
    sizes = [torch.Size(shape).numel() for _, shape in file_layout().values()]
    assert sum(sizes) == num_weights + 4 * num_channels + NUM_CLASSES * 2049


def test_names_are_those_of_the_port() -> None:
    """Some of each kind of block, as torchvision names them."""
    layout = file_layout()
    assert layout["Conv2d_1a_3x3.conv.weight"][1] == (32, 3, 3, 3)
    assert layout["Mixed_5b.branch5x5_2.conv.weight"][1] == (64, 48, 5, 5)
    assert layout["Mixed_6b.branch7x7dbl_2.conv.weight"][1] == (128, 128, 7, 1)
    assert layout["Mixed_7a.branch7x7x3_4.bn.running_var"][1] == (192,)
    assert layout["Mixed_7c.branch3x3dbl_3b.conv.weight"][1] == (384, 384, 3, 1)
    assert layout["fc.weight"][1] == (1008, 2048)
    assert len(layout) == 94 * 5 + 2


@pytest.mark.parametrize("size", [139, 171])
def test_features_are_those_of_the_independent_net(
    reference_inception: "ReferenceInception", size: int
) -> None:
    """Random weights, batch norm not folded there; 1e-4 of the features' size."""
    net = load_image_inception(reference_inception.arrays())
    generator = torch.Generator().manual_seed(size)
    images = torch.rand(1, 3, size, size, generator=generator) * 2 - 1
    expected = reference_inception(images)
    assert expected.shape == (1, 2048)
    assert (expected > 0).float().mean() > 0.5
    found = net(images)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4 * float(expected.std()))


def test_padding_is_left_out_of_averages(reference_inception: "ReferenceInception") -> None:
    """The reference with averages over the padding too gives other features: the test can fail."""
    images = torch.rand(1, 3, 171, 171, generator=torch.Generator().manual_seed(0)) * 2 - 1
    right = reference_inception(images)
    for change in ({"count_include_pad": True}, {"last_pool_is_max": False}):
        wrong = reference_inception(images, **change)
        assert float((wrong - right).abs().max()) > 1e-2 * float(right.std())


def test_missing_weights_are_refused(reference_inception: "ReferenceInception") -> None:
    """By name."""
    arrays = {
        name: array for name, array in reference_inception.arrays().items() if "6e" not in name
    }
    with pytest.raises(RuntimeError, match="Mixed_6e__branch1x1"):
        load_image_inception(arrays)
