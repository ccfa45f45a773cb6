"""Both autoencoders read the same batches, from any step on."""

from pathlib import Path

import torch
from lightning_fabric import Fabric

from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.recipes.clip_batches import numbered_batches
from sonoloop.training.config import TrainingConfig


def test_a_later_start_gives_the_same_batches(dataset: Path) -> None:
    """Numbers and clips of step 2 do not depend on where reading began."""
    clips = ClipSet.open(dataset, "train", ClipConfig(size=64))
    training = TrainingConfig(max_steps=4, batch_size=2, num_workers=0)
    fabric = Fabric(accelerator="cpu", devices=1)
    whole, rest = (
        list(numbered_batches(first, clips=clips, training=training, fabric=fabric))
        for first in (0, 2)
    )
    assert [number for number, _ in whole] == [0, 1, 2, 3]
    assert [number for number, _ in rest] == [2, 3]
    for (_, one), (_, other) in zip(whole[2:], rest, strict=True):
        assert one.dtype == torch.uint8
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert not torch.equal(whole[0][1], whole[1][1])
