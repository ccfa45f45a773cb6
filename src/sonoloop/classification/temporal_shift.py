"""The temporal shift of TSM (Lin et al. 2019, arXiv:1811.08383, Section 3): motion without weights.

Some channels of each frame are taken from the next frame, some from the one before. A learnable
shift (Wang et al. 2021, arXiv:2012.10071) begins as the same thing.
"""

from typing import Final

import torch
from einops import rearrange
from torch import Tensor, nn

from sonoloop.shapes import Frame

SHARE: Final = 8
"""One channel in eight comes from the next frame, one in eight from the one before."""


class TemporalShift(nn.Module):
    """Shift channels between the frames of a clip; what would come from outside is zero.

    Args:
        num_frames: Frames of a clip, neighbours in the batch.
    """

    def __init__(self, num_frames: int) -> None:
        """Keep the number of frames."""
        super().__init__()
        self.num_frames = num_frames

    def forward(self, frames: Frame) -> Frame:
        """Take the first eighth from the next frame, the second from the previous one.

        Args:
            frames: Features of frames, (clips * num_frames, channels, height, width).
        """
        clip = rearrange(frames, "(b t) c h w -> b t c h w", t=self.num_frames)
        part = frames.shape[1] // SHARE
        shifted = torch.zeros_like(clip)
        shifted[:, :-1, :part] = clip[:, 1:, :part]
        shifted[:, 1:, part : 2 * part] = clip[:, :-1, part : 2 * part]
        shifted[:, :, 2 * part :] = clip[:, :, 2 * part :]
        return shifted.flatten(0, 1)


class LearnableShift(nn.Module):
    """A convolution over time of three taps for each channel, at first the temporal shift.

    Args:
        channels: Channels of the features; at least 8 for any to be shifted at first.
        num_frames: Frames of a clip, neighbours in the batch.
    """

    def __init__(self, channels: int, num_frames: int) -> None:
        """Begin as the shift."""
        super().__init__()
        self.num_frames = num_frames
        part = channels // SHARE
        taps = torch.zeros(channels, 1, 3)  # previous, same, next frame; as a depthwise kernel
        taps[:part, 0, 2] = 1.0
        taps[part : 2 * part, 0, 0] = 1.0
        taps[2 * part :, 0, 1] = 1.0
        self.weight = nn.Parameter(taps)

    def forward(self, frames: Frame) -> Frame:
        """Mix each channel of a frame with that of its neighbours; zero outside the clip.

        Args:
            frames: Features of frames, (clips * num_frames, channels, height, width).
        """
        clip = rearrange(frames, "(b t) c h w -> b t c h w", t=self.num_frames)
        before, same, after = self.weight.to(frames.dtype).reshape(-1, 3, 1, 1).unbind(1)
        mixed: Tensor = clip * same
        mixed[:, 1:] += clip[:, :-1] * before
        mixed[:, :-1] += clip[:, 1:] * after
        return mixed.flatten(0, 1)
