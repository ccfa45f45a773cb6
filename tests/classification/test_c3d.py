"""C3D has the published layers."""

import torch

from sonoloop.classification.c3d import C3d


def _on_meta(num_classes: int, **options: int) -> C3d:
    with torch.device("meta"):
        return C3d(num_classes, **options)


def test_parameters_are_as_many_as_counted() -> None:
    """78.0 million with two classes.

    Convolutions 27,655,936, full layers 33,558,528, 16,781,312 and 2 x 4,097: counted by hand from
    the published widths.
    """
    net = _on_meta(2)
    assert sum(weight.numel() for weight in net.convolutions.parameters()) == 27_655_936
    total = sum(weight.numel() for weight in net.parameters())
    assert total == 27_655_936 + 33_558_528 + 16_781_312 + 2 * 4_097


def test_the_last_pooling_leaves_8192_numbers() -> None:
    """512 channels of 1 x 4 x 4 at 16 x 112 x 112."""
    assert _on_meta(2).fc6.in_features == 8192


def test_other_sizes_and_lengths_fit() -> None:
    """The first full layer has as many inputs as the convolutions give."""
    for size, frames in ((32, 16), (50, 33), (64, 32)):
        net = _on_meta(3, size=size, num_frames=frames)
        clip = torch.empty(2, 1, frames, size, size, device="meta")
        assert net(clip).shape == (2, 3)
