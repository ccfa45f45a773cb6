"""What synthesis is asked for and what it gives back."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sonoloop.data.recording import Frames
from sonoloop.synthesis.still import Still
from sonoloop.synthesis.typicality import StillTypicality


class LoopRequest(NamedTuple):
    """One loop to make.

    Args:
        still: What to move.
        sample: Which of its loops, from 0.
    """

    still: Still
    sample: int


class TimedLoop(NamedTuple):
    """One loop and what it cost.

    Args:
        frames: At the size of the picture as given (t, h, w).
        seconds: Its share of its batch, and its own enlargement.
    """

    frames: Frames
    seconds: float


@dataclass(frozen=True)
class Loops:
    """The loops of one still; works like a list of arrays (t, h, w) of uint8.

    Args:
        clips: One per sample, at the size of the picture as given; frame 0 is the still.
        still: What was moved, and how it was read.
        frame_rate_hz: Frames per second at which the motion has its true speed.
        typicality: How far the still is from the training data; None if the model cannot tell.
    """

    clips: tuple[Frames, ...]
    still: Still
    frame_rate_hz: float
    typicality: StillTypicality | None

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.clips)

    def __iter__(self) -> Iterator[Frames]:
        """Go through the samples."""
        return iter(self.clips)

    def __getitem__(self, sample: int) -> Frames:
        """Return one sample."""
        return self.clips[sample]
