"""Critics have the cINN's layout and see what they are meant to see."""

import pytest
import torch

from sonoloop.autoencoder.config import CriticConfig
from sonoloop.autoencoder.critics import (
    PatchCritic,
    TemporalCritic,
    at_frames,
    build_critics,
    frame_pairs,
)


def count(module: torch.nn.Module) -> int:
    """Count the weights."""
    return sum(weight.numel() for weight in module.parameters())


def test_patch_critic_has_the_weights_of_the_cinn() -> None:
    """2,766,529 at width 64 with ActNorm, counted on the reference module; 14x14 and 6x6 logits."""
    critic = PatchCritic(3, width=64, norm="actnorm")
    assert count(critic) == 2_766_529
    assert critic(torch.randn(2, 3, 128, 128)).logits.shape == (2, 1, 14, 14)
    assert critic(torch.randn(2, 3, 64, 64)).logits.shape == (2, 1, 6, 6)


def test_temporal_critic_has_the_weights_and_maps_of_the_cinn() -> None:
    """37,750,336 weights and the maps of its stages for 12 frames of 128 pixels."""
    with torch.device("meta"):
        critic = TemporalCritic(3, (64, 128, 256, 512))
        verdict = critic(torch.empty(1, 3, 12, 128, 128))
    assert count(critic) == 37_750_336
    assert [tuple(features.shape[1:]) for features in verdict.features] == [
        (64, 6, 32, 32),
        (128, 3, 16, 16),
        (256, 2, 8, 8),
        (512, 1, 4, 4),
    ]
    assert verdict.logits.shape == (1, 1)


def test_spectral_norm_bounds_the_patch_critic() -> None:
    """After some passes the largest singular value of every kernel, as a matrix, is 1."""
    critic = PatchCritic(1, width=8, norm="none")
    for _ in range(30):
        critic(torch.randn(1, 1, 32, 32))
    for layer in [*(part[0] for part in critic.layers), critic.judge]:
        largest = torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2)
        torch.testing.assert_close(largest, torch.tensor(1.0), atol=0.05, rtol=0)


def test_pairs_are_first_frame_frame_next_and_difference() -> None:
    """Frame t of item b holds 10 b + t: the four channels tell which frames they are."""
    clip = (10 * torch.arange(2)[:, None] + torch.arange(5)).float()
    clip = clip[:, None, :, None, None].expand(2, 1, 5, 8, 8)
    index = torch.tensor([[1, 3], [0, 2]])
    pairs = frame_pairs(clip, index)[:, :, 0, 0]
    assert pairs.tolist() == [[0, 1, 2, 1], [0, 3, 4, 1], [10, 10, 11, 1], [10, 12, 13, 1]]
    assert at_frames(clip, index)[..., 0, 0, 0].tolist() == [[1, 3], [10, 12]]


@pytest.mark.parametrize(("patch", "temporal"), [(False, False), (True, False), (True, True)])
def test_critics_are_built_as_asked(*, patch: bool, temporal: bool) -> None:
    """By name; the patch critic of pairs sees four times the channels."""
    config = CriticConfig(patch_width=4, temporal_widths=(4, 4, 4, 4))
    critics = build_critics(config, in_channels=1, patch=patch, temporal=temporal)
    assert critics.keys() == {
        name for name, wanted in (("patch_critic", patch), ("temporal_critic", temporal)) if wanted
    }
    if patch:
        critics["patch_critic"](torch.randn(1, 4, 32, 32))
    if temporal:
        critics["temporal_critic"](torch.randn(1, 1, 8, 64, 64))
