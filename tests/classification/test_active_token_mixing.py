"""Offsets of 0 and of 1, and everything between."""

import pytest
import torch
from torch import nn

from sonoloop.classification.active_token_mixing import (
    ActiveBlock,
    ActiveTokenMixer,
    sample_along,
)

FEATURES = torch.rand(2, 5, 6, 4, generator=torch.Generator().manual_seed(0))


def test_an_offset_of_zero_is_the_place_itself() -> None:
    """Along both axes."""
    for axis in (1, 2):
        still = sample_along(FEATURES, torch.zeros_like(FEATURES), axis)
        torch.testing.assert_close(still, FEATURES)


def test_an_offset_of_one_is_the_neighbour() -> None:
    """To the right and below; beyond the edge there is nothing."""
    right = sample_along(FEATURES, torch.ones_like(FEATURES), 2)
    torch.testing.assert_close(right[:, :, :-1], FEATURES[:, :, 1:])
    assert not right[:, :, -1].any()
    below = sample_along(FEATURES, torch.ones_like(FEATURES), 1)
    torch.testing.assert_close(below[:, :-1], FEATURES[:, 1:])
    assert not below[:, -1].any()
    above = sample_along(FEATURES, -torch.ones_like(FEATURES), 1)
    torch.testing.assert_close(above[:, 1:], FEATURES[:, :-1])


def test_between_places_it_is_linear_and_beyond_the_edge_it_fades() -> None:
    """A quarter of the way: 3/4 and 1/4; half a place outside: half."""
    quarter = sample_along(FEATURES, torch.full_like(FEATURES, 0.25), 2)
    expected = 0.75 * FEATURES[:, :, :-1] + 0.25 * FEATURES[:, :, 1:]
    torch.testing.assert_close(quarter[:, :, :-1], expected)
    torch.testing.assert_close(quarter[:, :, -1], 0.75 * FEATURES[:, :, -1])
    half = sample_along(FEATURES, torch.full_like(FEATURES, -0.5), 1)
    torch.testing.assert_close(half[:, 0], 0.5 * FEATURES[:, 0])
    assert not sample_along(FEATURES, torch.full_like(FEATURES, 9.0), 1).any()


def test_every_channel_and_place_has_its_own_offset() -> None:
    """One channel of one place looks two to the left, the others stay."""
    offset = torch.zeros_like(FEATURES)
    offset[1, 2, 4, 3] = -2.0
    sampled = sample_along(FEATURES, offset, 2)
    expected = FEATURES.clone()
    expected[1, 2, 4, 3] = FEATURES[1, 2, 2, 3]
    torch.testing.assert_close(sampled, expected)


def test_gradients_reach_offsets_and_features() -> None:
    """Against finite differences, away from whole offsets."""
    features = FEATURES[:1, :3, :3, :2].double().requires_grad_()
    offset = (torch.rand(1, 3, 3, 2, dtype=torch.float64) * 0.8 + 0.1).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda one, two: sample_along(one, two, 2), (features, offset), eps=1e-3, atol=1e-3
    )


def test_branches_look_along_their_axis() -> None:
    """First half of the offsets along the width, second along the height, third not at all."""
    mixer = ActiveTokenMixer(4)
    offset = torch.cat([torch.ones_like(FEATURES), -torch.ones_like(FEATURES)], 3)
    width, height, here = mixer.branches(FEATURES, offset)
    torch.testing.assert_close(width[:, :, :-1], mixer.along_width(FEATURES[:, :, 1:]))
    torch.testing.assert_close(height[:, 1:], mixer.along_height(FEATURES[:, :-1]))
    torch.testing.assert_close(here, mixer.here(FEATURES))


def test_shares_of_the_three_views_sum_to_one() -> None:
    """With three equal views the mixture is that view."""
    mixer = ActiveTokenMixer(4)
    for layer in (mixer.along_width, mixer.along_height, mixer.here):
        nn.init.eye_(layer.weight)
    for layer in (mixer.along_width, mixer.along_height):
        nn.init.zeros_(layer.bias)
    still = torch.zeros(2, 5, 6, 8)
    torch.testing.assert_close(mixer(FEATURES, still), mixer.out(FEATURES))


def test_offsets_are_shared_by_neighbouring_channels_and_kept() -> None:
    """Two channels, one offset; a block without its own uses those it is given."""
    maker = ActiveBlock(4, mlp_ratio=2, share=2, drop_path=0.0)
    user = ActiveBlock(4, mlp_ratio=2, share=None, drop_path=0.0)
    features, offset = maker(FEATURES, None)
    assert offset.shape == (2, 5, 6, 8)
    torch.testing.assert_close(offset[..., ::2], offset[..., 1::2])
    _, same = user(features, offset)
    assert same is offset
    with pytest.raises(ValueError, match="needs those of an earlier block"):
        user(features, None)


def test_drop_path_skips_whole_samples_in_training_only() -> None:
    """Skipped samples pass unchanged, others count more: the mean stays."""
    torch.manual_seed(0)
    block = ActiveBlock(4, mlp_ratio=2, share=2, drop_path=0.5)
    branch = torch.ones(400, 1, 1, 4)
    dropped = block.train()._drop(branch)  # noqa: SLF001
    assert set(dropped.flatten().tolist()) == {0.0, 2.0}
    assert (dropped == dropped[..., :1]).all()
    assert block.eval()._drop(branch) is branch  # noqa: SLF001
