"""Augmentation changes all frames of a clip alike."""

import pytest
import torch

from sonoloop.classification.augmentation import Level, to_clip, vary


def _clips(count: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    frame = torch.rand(count, 1, 1, 32, 32, generator=generator) * 1.8 - 0.9
    return frame.expand(-1, -1, 6, -1, -1).contiguous()


def test_none_changes_nothing() -> None:
    """The clip itself comes back."""
    clips = _clips()
    assert vary(clips, "none", torch.Generator()) is clips


@pytest.mark.parametrize("level", ["consistent", "strong"])
def test_the_generator_decides(level: Level) -> None:
    """One seed, one result in [-1, 1]; clips of a batch change differently."""
    clips = _clips(1).expand(3, -1, -1, -1, -1)
    one, same = (vary(clips, level, torch.Generator().manual_seed(2)) for _ in range(2))
    torch.testing.assert_close(one, same, rtol=0, atol=0)
    assert one.min() >= -1
    assert one.max() <= 1
    assert not torch.allclose(one[0], one[1], atol=0.05)


@pytest.mark.parametrize("level", ["consistent", "strong"])
def test_a_still_stays_a_still(level: Level) -> None:
    """No change gives motion to a clip that does not move."""
    varied = vary(_clips(), level, torch.Generator().manual_seed(0))
    torch.testing.assert_close(varied[:, :, 1:], varied[:, :, :-1])


def test_strong_adds_speckle_and_erases_the_same_place_of_all_frames() -> None:
    """Neighbouring pixels of an even grey differ a little, and where one frame is black all are."""
    clips = torch.full((8, 1, 6, 32, 32), 0.5)
    varied = vary(clips, "strong", torch.Generator().manual_seed(1))
    black = varied == -1
    assert (black == black[:, :, :1]).all()
    assert 0 < black.float().mean() < 0.5
    difference = varied.masked_fill(black, torch.nan).diff(dim=4).abs().nanmean()
    assert 0.01 < difference < 0.2


def test_black_stays_black() -> None:
    """Outside the scan nothing is added."""
    varied = vary(-torch.ones(4, 1, 3, 16, 16), "strong", torch.Generator().manual_seed(1))
    torch.testing.assert_close(varied, -torch.ones_like(varied))


def test_levels_become_grey_values_of_the_size_wanted() -> None:
    """0 is -1, 255 is 1; a larger or smaller frame keeps its grey."""
    levels = torch.tensor([0, 255], dtype=torch.uint8).reshape(1, 2, 1, 1).expand(1, 2, 20, 30)
    for size in (16, 40):
        clip = to_clip(levels, size)
        assert clip.shape == (1, 1, 2, size, size)
        torch.testing.assert_close(clip[0, 0, 0], -torch.ones(size, size))
        torch.testing.assert_close(clip[0, 0, 1], torch.ones(size, size))
