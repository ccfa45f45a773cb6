"""Noise of synthesised items."""

import pytest
import torch

from sonoloop.layers.item_noise import check_generators, item_noise


def seeded(*seeds: int) -> list[torch.Generator]:
    """Make one generator a seed."""
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def test_items_do_not_depend_on_each_other() -> None:
    """The same seed gives the same noise, alone or beside others."""
    together = item_noise((3, 4), seeded(1, 2, 3))
    assert together.shape == (3, 3, 4)
    assert torch.equal(together[1:2], item_noise((3, 4), seeded(2)))
    assert not torch.equal(together[0], together[1])


def test_one_generator_per_item_is_needed() -> None:
    """Both numbers are in the sentence."""
    with pytest.raises(ValueError, match="need one generator per first frame, got 1 for 2"):
        check_generators(2, seeded(0))
    check_generators(1, seeded(0))
