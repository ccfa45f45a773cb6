"""R3D-18 has the published number of parameters and shrinks with its width."""

import torch

from sonoloop.classification.r3d18 import R3d18


def _count(width: int, num_classes: int) -> int:
    with torch.device("meta"):
        net = R3d18(num_classes, width=width)
    return sum(weight.numel() for weight in net.parameters())


def test_parameters_are_as_many_as_published() -> None:
    """33,371,472 for 400 classes in torchvision's documentation of r3d_18, less two colours."""
    assert _count(64, 400) == 33_371_472 - 2 * 64 * 3 * 7 * 7


def test_a_quarter_of_the_width_is_a_sixteenth_of_the_weights() -> None:
    """Width 16: about 2.1 million."""
    assert 2.0e6 < _count(16, 2) < 2.2e6


def test_any_clip_gives_one_row_of_logits() -> None:
    """Sizes and lengths that do not divide evenly work as well."""
    net = R3d18(3, width=4).eval()
    assert net(torch.zeros(2, 1, 7, 50, 33)).shape == (2, 3)


def test_black_clips_differ_from_clips_with_something_in_them() -> None:
    """The network sees its input."""
    torch.manual_seed(0)
    net = R3d18(2, width=4).eval()
    clip = torch.rand(1, 1, 8, 32, 32) * 2 - 1
    assert not torch.allclose(net(clip), net(-torch.ones_like(clip)))
