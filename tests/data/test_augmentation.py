"""Clips change as wholes, and only as far as the config says."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sonoloop.data.augmentation import augment, to_float
from sonoloop.data.augmentation_config import AugmentationConfig
from sonoloop.layers.gaussian_blur import gaussian_blur

NOTHING = AugmentationConfig(
    flip=0.0, rotation_degrees=0.0, scale=0.0, shift=0.0, brightness=0.0, contrast=0.0, gamma=0.0
)


def clips(batch: int = 2, size: int = 16) -> torch.Tensor:
    """Make clips with texture, black at the rim."""
    generator = torch.Generator().manual_seed(0)
    clip = torch.full((batch, 1, 4, size, size), -1.0)
    inner = (batch, 1, 4, size - 8, size - 8)
    clip[..., 4:-4, 4:-4] = torch.rand(inner, generator=generator) * 1.6 - 0.8
    return clip


def changed(clip: torch.Tensor, seed: int = 0, **changes: float) -> torch.Tensor:
    """Apply only the named changes."""
    config = NOTHING.model_copy(update=changes)
    return augment(clip, config, torch.Generator().manual_seed(seed))


def test_stored_values_become_pixels() -> None:
    """Known values: 0 is -1, 255 is 1, in float32 with a channel."""
    clip = to_float(torch.tensor([0, 51, 255], dtype=torch.uint8).reshape(1, 3, 1, 1))
    assert clip.shape == (1, 1, 3, 1, 1)
    assert clip.flatten().tolist() == pytest.approx([-1.0, -0.6, 1.0])


def test_no_change_changes_nothing() -> None:
    """Property: with every range 0 the clip comes back."""
    torch.testing.assert_close(changed(clips()), clips(), atol=1e-5, rtol=0)


def test_certain_flip_mirrors_left_and_right() -> None:
    """Known value: a flip of chance 1 is torch.flip along the width."""
    torch.testing.assert_close(changed(clips(), flip=1.0), clips().flip(-1), atol=1e-5, rtol=0)


def test_flip_of_a_half_takes_half() -> None:
    """Over 400 clips the share of mirrored ones is near one half."""
    many = torch.linspace(-1, 1, 8).expand(400, 1, 1, 2, 8)
    mirrored = changed(many, flip=0.5)[:, 0, 0, 0, 0] > 0
    assert 0.4 < mirrored.float().mean() < 0.6


@given(seed=st.integers(0, 1000))
def test_all_frames_change_alike(seed: int) -> None:
    """Property: a clip at rest stays at rest, and values stay in range."""
    still = clips()[:, :, :1].expand(-1, -1, 4, -1, -1)
    out = augment(still, AugmentationConfig(), torch.Generator().manual_seed(seed))
    torch.testing.assert_close(out, out[:, :, :1].expand_as(out))
    assert out.min() >= -1
    assert out.max() <= 1


def test_clips_change_apart() -> None:
    """Two equal clips of a batch come out different; the same seed gives the same."""
    twins = clips(batch=1).expand(2, -1, -1, -1, -1)
    out = augment(twins, AugmentationConfig(), torch.Generator().manual_seed(3))
    assert not torch.allclose(out[0], out[1])
    again = augment(twins, AugmentationConfig(), torch.Generator().manual_seed(3))
    assert torch.equal(out, again)


def test_black_stays_black() -> None:
    """What is no tissue does not light up, whatever brightness, contrast and gamma do."""
    for seed in range(5):
        out = changed(clips(), seed, brightness=0.5, contrast=0.5, gamma=0.5)
        assert (out[..., :4, :] + 1).max() < 1e-4
        assert not torch.allclose(out, clips())


def test_rotation_turns_by_its_angle() -> None:
    """A bright dot moves along the arc of the drawn angle, at an unchanged radius."""
    clip = torch.full((1, 1, 1, 65, 65), -1.0)
    clip[..., 32, 52] = 1.0
    weight = (changed(clip, 1, rotation_degrees=40.0) + 1)[0, 0, 0]
    axis = torch.arange(65.0) - 32
    x, y = (weight.sum(0) * axis).sum() / weight.sum(), (weight.sum(1) * axis).sum() / weight.sum()
    assert torch.hypot(x, y) == pytest.approx(20.0, abs=0.3)
    assert abs(torch.rad2deg(torch.atan2(y, x))) < 40.5
    assert abs(y) > 0.5


def test_shift_is_a_share_of_the_frame() -> None:
    """A dot moves by at most the share asked for, in both directions over seeds."""
    clip = torch.full((1, 1, 1, 41, 41), -1.0)
    clip[..., 20, 20] = 1.0
    axis = torch.arange(41.0) - 20
    moved = []
    for seed in range(8):
        weight = (changed(clip, seed, shift=0.1) + 1)[0, 0, 0]
        moved.append(float((weight.sum(0) * axis).sum() / weight.sum()))
    assert max(map(abs, moved)) <= 4.11
    assert min(moved) < 0 < max(moved)


def test_turning_keeps_the_grain_of_speckle() -> None:
    """Bilinear sampling would lose a tenth of its contrast, which models would then learn."""
    noise = torch.randn(4, 1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    grain = 0.5 * gaussian_blur(noise, 0.8) - 0.2
    turned = changed(grain, rotation_degrees=5.0, shift=0.04)
    inner = (..., slice(12, 52), slice(12, 52))
    assert turned[inner].std() > 0.97 * grain[inner].std()
