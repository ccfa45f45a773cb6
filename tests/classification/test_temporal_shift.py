"""Which channels move where."""

import torch

from sonoloop.classification.temporal_shift import LearnableShift, TemporalShift


def _numbered(num_clips: int = 2, num_frames: int = 4, channels: int = 16) -> torch.Tensor:
    """Give every value the number 1000 clip + 100 (frame + 1) + channel."""
    clip = 1000.0 * torch.arange(num_clips).reshape(-1, 1, 1)
    frame = 100.0 * (torch.arange(num_frames) + 1).reshape(1, -1, 1)
    numbers = clip + frame + torch.arange(channels)
    return numbers.flatten(0, 1)[:, :, None, None].expand(-1, -1, 2, 3).contiguous()


def test_an_eighth_comes_from_the_next_frame_and_one_from_the_one_before() -> None:
    """16 channels: 0 and 1 from t + 1, 2 and 3 from t - 1, the rest stay; zeros at the ends.

    Lin et al. 2019, Figure 1: bidirectional shift with a share of 1/8 in each direction.
    """
    frames = _numbered()
    shifted = TemporalShift(4)(frames).unflatten(0, (2, 4))
    clip = frames.unflatten(0, (2, 4))
    torch.testing.assert_close(shifted[:, :3, :2], clip[:, 1:, :2])
    torch.testing.assert_close(shifted[:, 3, :2], torch.zeros(2, 2, 2, 3))
    torch.testing.assert_close(shifted[:, 1:, 2:4], clip[:, :3, 2:4])
    torch.testing.assert_close(shifted[:, 0, 2:4], torch.zeros(2, 2, 2, 3))
    torch.testing.assert_close(shifted[:, :, 4:], clip[:, :, 4:])


def test_clips_do_not_mix() -> None:
    """Nothing of the first clip reaches the second."""
    frames = _numbered()
    alone = TemporalShift(4)(frames[4:])
    torch.testing.assert_close(TemporalShift(4)(frames)[4:], alone)


def test_the_learnable_shift_begins_as_the_shift() -> None:
    """And is a depthwise convolution over time, as torch's own computes it."""
    frames = _numbered()
    layer = LearnableShift(16, 4)
    torch.testing.assert_close(layer(frames), TemporalShift(4)(frames))
    layer, frames = layer.double(), frames.double()  # terms of hundreds may cancel
    torch.nn.init.normal_(layer.weight)
    series = frames.unflatten(0, (2, 4)).permute(0, 3, 4, 2, 1).reshape(-1, 16, 4)
    expected = torch.nn.functional.conv1d(series, layer.weight, padding=1, groups=16)
    expected = expected.reshape(2, 2, 3, 16, 4).permute(0, 4, 3, 1, 2).reshape(8, 16, 2, 3)
    torch.testing.assert_close(layer(frames), expected)
