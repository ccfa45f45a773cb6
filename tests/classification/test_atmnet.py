"""ATMNet has the published sizes."""

import pytest
import torch

from sonoloop.classification.atmnet import SIZES, ActiveMlp, ActiveMlpSize, AtmNet, Variant


@pytest.mark.parametrize(
    ("variant", "count"),
    [
        ("xt", 15_349_128),
        ("t", 27_152_232),
        ("s", 38_631_448),
        ("b", 52_154_792),
        ("l", 76_238_032),
    ],
)
def test_parameters_are_as_many_as_published(variant: Variant, count: int) -> None:
    """15, 27, 39, 52 and 76 million with 1000 classes (Wei et al. 2022), counted there."""
    with torch.device("meta"):
        net = AtmNet(1000, variant=variant)
    assert sum(weight.numel() for weight in net.parameters()) == count


def test_offsets_are_made_every_other_block_but_never_in_the_last() -> None:
    """xT: one maker in the stages of two blocks, two in that of four."""
    with torch.device("meta"):
        trunk = ActiveMlp(SIZES["xt"])
    makers = [[block.share is not None for block in stage] for stage in trunk.stages]
    assert makers == [[True, False], [True, False], [True, False, True, False], [True, False]]


def test_frames_are_averaged() -> None:
    """The mean of the logits of each frame alone; in evaluation order does not matter."""
    torch.manual_seed(0)
    net = AtmNet(2, num_frames=3)
    net.trunk = ActiveMlp(ActiveMlpSize((2, 2, 2, 2), (2, 2, 2, 2), 2, (8, 8, 8, 512)))
    net.eval()
    clip = torch.rand(2, 1, 3, 32, 40) * 2 - 1
    with torch.inference_mode():
        logits = net(clip)
        assert logits.shape == (2, 2)
        torch.testing.assert_close(net(clip.flip(2)), logits)
        frames = [net(clip[:, :, [frame] * 3]) for frame in range(3)]
        torch.testing.assert_close(torch.stack(frames).mean(0), logits)


def test_blocks_drop_paths_more_and_more_often() -> None:
    """From 0 in the first block to 0.1 in the last."""
    with torch.device("meta"):
        trunk = ActiveMlp(SIZES["xt"])
    chances = [block.drop_path for stage in trunk.stages for block in stage]
    assert chances == pytest.approx([number / 90 for number in range(10)])
