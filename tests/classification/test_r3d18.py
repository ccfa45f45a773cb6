"""R3D-18 has the published number of parameters and shrinks with its width."""

import torch
from torch import nn

from sonoloop.classification.r3d18 import R3d18


def _count(width: int, num_classes: int) -> int:
    with torch.device("meta"):
        net = R3d18(num_classes, width=width)
    return sum(weight.numel() for weight in net.parameters())


def test_parameters_are_as_many_as_published() -> None:
    """33,371,472 for 400 classes in torchvision's documentation of r3d_18, less one colour."""
    assert _count(64, 400) == 33_371_472 - 64 * 3 * 7 * 7


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


def test_the_first_layer_sees_what_changes() -> None:
    """A kernel that passes only the second channel gives nothing for a still, else 4 x change."""
    net = R3d18(2, width=4)
    nn.init.zeros_(net.stem.weight)
    with torch.no_grad():
        net.stem.weight[0, 1, 1, 3, 3] = 1.0
    clip = torch.zeros(1, 1, 4, 32, 32)
    clip[:, :, 2:] = 0.2
    seen: list[torch.Tensor] = []
    net.stem_norm.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.inference_mode():
        net(clip)
    changes = seen[0][0, 0, :, 8, 8]
    torch.testing.assert_close(changes, torch.tensor([0.0, 0.0, 0.8, 0.0]))


def test_blocks_begin_as_their_shortcuts() -> None:
    """The residual adds nothing before training."""
    net = R3d18(2, width=4)
    assert not any(block.norm2.weight.any() for block in net.blocks)
