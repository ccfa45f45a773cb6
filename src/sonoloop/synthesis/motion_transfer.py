"""The motion of one clip for another still: the clip's own latent takes stage 2's place."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.data.clip_sampling import clip_indices, num_starts
from sonoloop.data.config import ClipConfig
from sonoloop.data.letterbox import Letterbox
from sonoloop.data.reading import ReadRecording, read_recording
from sonoloop.data.recording import Frames, Recording
from sonoloop.data.scan_region import clean_frames
from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.layers.warp import warp_still
from sonoloop.shapes import Clip, Flow, Frame, Latent
from sonoloop.synthesis.native_size import HALF_RANGE
from sonoloop.synthesis.seeds import pixels_sha256
from sonoloop.synthesis.stages import Decoder

ClipSource = Path | str | npt.NDArray[Any]
"""A video file, or grey frames (t, h, w) of uint8 at the model's frame rate."""

IN_MEMORY: Final = "clip in memory"
CLIP_AXES: Final = 3


@dataclass(frozen=True)
class MotionClip:
    """A clip as stage 1 takes it.

    Args:
        name: Where it came from, without folders.
        frames: Frames of the model's size and number (t, size, size).
        start_s: Where in the recording it begins, in seconds.
    """

    name: str
    frames: Frames
    start_s: float

    @property
    def sha256(self) -> str:
        """Identity of the clip: hash of its frames."""
        return pixels_sha256(self.frames)


class KnownMotion:
    """Stage 2 that need not guess: one latent for every still.

    Args:
        clip: Where the latent comes from.
        latent: What stage 1 encodes from it (1, ...).
    """

    def __init__(self, clip: MotionClip, latent: Latent) -> None:
        """Remember the latent."""
        self.clip = clip
        self.latent = latent

    @classmethod
    def of(cls, clip: MotionClip, autoencoder: object, *, in_channels: int) -> "KnownMotion":
        """Encode a clip.

        Args:
            clip: As ``open_clip`` prepares it.
            autoencoder: Stage 1.
            in_channels: Channels of its frames.

        Raises:
            UsageError: If stage 1 cannot encode.
        """
        if not isinstance(autoencoder, VideoAutoencoder):
            msg = "this model's stage 1 cannot encode clips: take one made by 'sonoloop export'"
            raise UsageError(msg)
        device = next(autoencoder.parameters()).device
        pixels = torch.from_numpy(clip.frames).to(device).float() / HALF_RANGE - 1
        with torch.inference_mode():
            return cls(clip, autoencoder.encode(pixels.expand(1, in_channels, -1, -1, -1)))

    def sample(
        self,
        first_frame: Frame,
        *,
        generators: Sequence[torch.Generator],
        num_inference_steps: int | None = None,
    ) -> Latent:
        """Return the same latent for every first frame; nothing is drawn.

        Args:
            first_frame: First frame of each clip; only their number counts.
            generators: Not used.
            num_inference_steps: Not used.
        """
        del generators, num_inference_steps
        latent: Tensor = self.latent.expand(len(first_frame), *self.latent.shape[1:])
        return latent


class FlowOnly:
    """Stage 1 that moves a still and leaves its brightness alone.

    A latent holds more than motion: where the clip brightened or darkened, another still would too,
    and show the shadow of anatomy that is not its own.

    Args:
        decoder: Stage 1; states where pixels come from.
    """

    def __init__(self, decoder: Decoder) -> None:
        """Remember stage 1."""
        self._decoder = decoder

    def first_frame_features(self, first_frame: Frame) -> list[Tensor]:
        """Compute what does not depend on the latent."""
        return self._decoder.first_frame_features(first_frame)

    def draw_speckle_noise(
        self, generators: Sequence[torch.Generator], num_frames: int | None = None
    ) -> Clip | None:
        """Draw nothing: all speckle is the still's."""
        del generators, num_frames
        return None

    def decode(
        self,
        first_frame: Frame,
        latent: Latent,
        features: list[Tensor] | None = None,
        speckle_noise: Clip | None = None,
        motion_share: Float[Tensor, " t"] | None = None,
    ) -> tuple[Clip, Flow | None]:
        """Move a first frame along the flow of a latent, and nothing else.

        Raises:
            UsageError: If stage 1 states no flow.
        """
        _, flow = self._decoder.decode(first_frame, latent, features, speckle_noise, motion_share)
        if flow is None:
            msg = "this model's decoder paints and states no flow: leave flow_only out"
            raise UsageError(msg)
        return warp_still(first_frame, flow), flow


def open_clip(
    source: ClipSource,
    config: ClipConfig,
    *,
    start_s: float = 0.0,
    read: ReadRecording = read_recording,
) -> MotionClip:
    """Prepare a clip as training clips are prepared: scan found, cleaned, fitted into the square.

    Args:
        source: Video file, or grey frames at the model's frame rate.
        config: What a clip of the model is.
        start_s: Where the clip begins, in seconds from the first frame that shows something.
        read: Reads files; ``LimitedReader`` for those of unknown origin.

    Raises:
        UnreadableFileError: If the file cannot be read, or is too short for a clip.
        UsageError: If an array is no clip, or ``start_s`` is not in the recording.
    """
    if isinstance(source, Path | str):
        path = Path(source)
        recording = _from_first_shown(read(path))
        _check_length(recording, config, path)
        start = _start(recording, config, start_s)
        chosen = clip_indices(recording.times_s, config, start)
        begin_s = float(recording.times_s[start])
    else:
        path = Path(IN_MEMORY)
        recording, begin_s = _from_array(source), 0.0
        _check_length(recording, config, path)
        chosen = np.arange(config.num_frames)
    cleaned = clean_frames(recording, path=path)
    frames = cleaned.frames[chosen]
    height, width = frames.shape[1:]
    letterbox = Letterbox.fit(height, width, config.size)
    return MotionClip(path.name, letterbox.apply(frames), begin_s)


def _from_first_shown(recording: Recording) -> Recording:
    """Leave out blank frames at the start, as ``data prepare`` does."""
    shows = np.ptp(recording.frames.reshape(len(recording.frames), -1), axis=1) > 0
    first = int(shows.argmax())
    return Recording(
        frames=recording.frames[first:],
        times_s=recording.times_s[first:] - recording.times_s[first],
        scan_region=recording.scan_region,
    )


def _from_array(array: npt.NDArray[Any]) -> Recording:
    if array.ndim != CLIP_AXES or array.dtype != np.uint8:
        msg = f"a clip must be uint8 of shape (t, h, w), got {array.dtype} of {array.shape}"
        raise UsageError(msg)
    return Recording(frames=array, times_s=np.arange(len(array), dtype=np.float64))


def _check_length(recording: Recording, config: ClipConfig, path: Path) -> None:
    if len(recording.frames) < config.num_frames:
        reason = f"has {len(recording.frames)} frames; motion needs at least {config.num_frames}"
        raise UnreadableFileError(path, reason)


def _start(recording: Recording, config: ClipConfig, start_s: float) -> int:
    """Find the frame at which the clip begins."""
    starts = max(1, num_starts(recording.times_s, config))
    latest = float(recording.times_s[starts - 1])
    if not 0 <= start_s <= latest:
        msg = f"start_s {start_s:g} leaves no whole clip: give 0 to {latest:.2f}"
        raise UsageError(msg)
    return int(np.abs(recording.times_s[:starts] - start_s).argmin())
