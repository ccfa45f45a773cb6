"""What synthesis is asked for and what it gives back."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from sonoloop.data.recording import Frames
from sonoloop.errors import UsageError
from sonoloop.synthesis.still import Still
from sonoloop.synthesis.typicality import StillTypicality

SHORTEST_CLIP: Final = 2
SHORTEST_LOOP: Final = 8
"""Frames in which there is time to go and to come back."""


class LoopRequest(NamedTuple):
    """One loop to make.

    Args:
        still: What to move.
        sample: Which of its loops, from 0.
    """

    still: Still
    sample: int


@dataclass(frozen=True)
class LoopOptions:
    """What a loop should be like.

    Args:
        label: Class of the loop, one of the model's; None for any.
        motion: Share of the training clips that move less, 0 to 1; None for any.
        guidance_scale: Weight of label and motion; None for 1, the plain model.
        num_frames: Frames of the loop; None for those of the model's clips.
        loop: Whether the end meets the start, for playing in a circle.

    Raises:
        UsageError: If there are too few frames.
    """

    label: str | None = None
    motion: float | None = None
    guidance_scale: float | None = None
    num_frames: int | None = None
    loop: bool = False

    def __post_init__(self) -> None:
        """Refuse loops too short to move."""
        least = SHORTEST_LOOP if self.loop else SHORTEST_CLIP
        if self.num_frames is not None and self.num_frames < least:
            what = "a loop whose end meets its start" if self.loop else "a clip"
            msg = f"{what} needs at least {least} frames, got num_frames {self.num_frames}"
            raise UsageError(msg)

    @property
    def asks_for_control(self) -> bool:
        """Whether stage 2 is told more than the first frame."""
        return (self.label, self.motion, self.guidance_scale) != (None, None, None)


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
