"""Read mp4, mov, avi, mkv, webm, mpeg and gif as grey frames with their true times (PyAV)."""

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from sonoloop.data.frame_times import DEFAULT_FRAME_RATE_HZ, stated_times, steady_times
from sonoloop.data.pixel_limits import check_frame_size, num_frames_that_fit
from sonoloop.data.recording import SYNTHETIC_WARNING, Frames, Recording
from sonoloop.errors import UnreadableFileError

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".gif"}
)

SYNTHETIC_MARK = '"synthetic": true'
"""What the comment of a clip made by sonoloop says among its provenance (JSON)."""

CONTAINERS = ("mov", "avi", "matroska", "mpeg", "mpegts", "mpegvideo", "m4v", "asf", "gif")
"""Formats that ffmpeg may find in a file, by its own names. Among its others are lists of further
files and addresses (concat, hls), which it would open whatever the name of the list."""

STREAMS = ("h264", "hevc")
"""Streams without container, as they lie in DICOM files."""

GreyFrame = npt.NDArray[np.uint8]
"""One frame (h, w)."""


MAX_MISSING_SHARE = 0.1
"""Share of the stated duration without frames above which a file counts as cut short."""


@dataclass
class _Decoded:
    """What has been decoded so far, kept when ffmpeg stops on a fault."""

    frames: list[GreyFrame] = field(default_factory=list)
    times_s: list[float | None] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    stated_duration_s: float = 0.0
    stated_rate_hz: float = 0.0
    stopped_early: bool = False


def open_container(source: str | BytesIO) -> InputContainer:
    """Open a video, and nothing that only names others.

    Args:
        source: Path, or content.

    Raises:
        FFmpegError: If it is none of ``CONTAINERS`` and ``STREAMS``.
    """
    allowed = ",".join((*CONTAINERS, *STREAMS))
    options = {"format_whitelist": allowed, "protocol_whitelist": "file"}
    return av.open(source, "r", options=options, metadata_errors="replace")


def read_video(path: Path, *, max_frames: int | None = None) -> Recording:
    """Read a video file; the frame times are the file's own, variable delays included.

    Args:
        path: A file that ffmpeg can open.
        max_frames: Most frames to read; None reads as many as ``pixel_limits`` allows.

    Returns:
        Grey frames with times. A file that is cut short gives what could be decoded, with a
        warning.

    Raises:
        UnreadableFileError: If the file is empty, is no video, holds no picture that can be
            decoded, or its frames are too small or too large.
    """
    if path.stat().st_size == 0:
        raise UnreadableFileError(path, "the file is empty (0 bytes)")
    return _read(path, str(path), max_frames)


def read_video_bytes(path: Path, content: bytes, *, max_frames: int | None = None) -> Recording:
    """Read a video that lies inside another file.

    Args:
        path: The file around it, for the messages.
        content: The bytes of the video.
        max_frames: As in ``read_video``.

    Returns:
        As ``read_video``.

    Raises:
        UnreadableFileError: As ``read_video``.
    """
    return _read(path, BytesIO(content), max_frames)


def _read(path: Path, source: str | BytesIO, max_frames: int | None) -> Recording:
    decoded = _Decoded()
    try:
        with open_container(source) as container:
            if SYNTHETIC_MARK in container.metadata.get("comment", ""):
                decoded.warnings.append(SYNTHETIC_WARNING)
            _decode(path, container, max_frames, decoded)
    except FFmpegError as error:
        decoded.warnings.append(f"decoding stopped on a fault ({_plain(error)})")
        decoded.stopped_early = True
        if not decoded.frames:
            reason = f"cannot be decoded as a video ({_plain(error)}): it is damaged or cut short"
            raise UnreadableFileError(path, reason) from error
    if not decoded.frames:
        reason = "cannot be decoded as a video (no whole picture): it is damaged or cut short"
        raise UnreadableFileError(path, reason)
    return _recording(decoded)


def _decode(
    path: Path, container: InputContainer, max_frames: int | None, decoded: _Decoded
) -> None:
    """Add one grey frame after the other; pictures that ffmpeg marks as corrupt are left out."""
    if not container.streams.video:
        raise UnreadableFileError(path, "holds no video stream")
    stream = container.streams.video[0]
    # A damaged header leaves a stream without codec, to which PyAV gives no size.
    height, width = getattr(stream, "height", 0), getattr(stream, "width", 0)
    if not height or not width:
        return
    check_frame_size(path, height, width)
    limit = num_frames_that_fit(height, width, max_frames)
    if stream.duration and stream.time_base:
        decoded.stated_duration_s = float(stream.duration * stream.time_base)
    decoded.stated_rate_hz = float(stream.average_rate or stream.guessed_rate or 0)
    # One thread: the recipes read several files at once, one process each.
    stream.thread_type = "NONE"
    stretch = float(stream.sample_aspect_ratio or 1)
    reformatter = VideoReformatter()
    for frame in container.decode(stream):
        if frame.is_corrupt:
            continue
        num_kept = len(decoded.frames)
        if num_kept == limit:
            decoded.stopped_early = True
            if limit != max_frames:
                decoded.warnings.append(
                    f"only the first {limit} frames are read: memory is bounded"
                )
            return
        pixels = _grey(frame, stretch, reformatter)
        if num_kept and pixels.shape != decoded.frames[0].shape:
            decoded.stopped_early = True
            decoded.warnings.append(f"the size changes after {num_kept} frames: these are read")
            return
        decoded.frames.append(pixels)
        decoded.times_s.append(frame.time)


def _recording(decoded: _Decoded) -> Recording:
    """Check the times of the decoded frames against what the container states."""
    num_frames, warnings = len(decoded.frames), decoded.warnings
    times_s = stated_times(decoded.times_s)
    if times_s is None:
        frame_rate_hz = decoded.stated_rate_hz or DEFAULT_FRAME_RATE_HZ
        times_s = steady_times(num_frames, frame_rate_hz)
        warnings.append(f"frame times are missing or do not increase: {frame_rate_hz:g} Hz is used")
    elif num_frames > 1 and not decoded.stopped_early:
        end_s = times_s[-1] + np.diff(times_s).max()
        if end_s < (1 - MAX_MISSING_SHARE) * decoded.stated_duration_s:
            warnings.append(
                f"the file states {decoded.stated_duration_s:.1f} s but its {num_frames} frames "
                f"end at {end_s:.1f} s: it is cut short"
            )
    return Recording(_stack(decoded.frames), times_s, warnings=tuple(warnings))


def _stack(kept: list[GreyFrame]) -> Frames:
    """Join the frames and empty the list on the way, so that memory holds them about once."""
    frames = np.empty((len(kept), *kept[0].shape), dtype=np.uint8)
    for frame_index in reversed(range(len(kept))):
        frames[frame_index] = kept.pop()
    return frames


def _grey(frame: VideoFrame, stretch: float, reformatter: VideoReformatter) -> GreyFrame:
    """Take the luma at full range, with square pixels, the way up the file asks for."""
    grey = reformatter.reformat(frame, width=round(frame.width * stretch), format="gray")
    pixels = grey.to_ndarray().astype(np.uint8)  # a copy: the frame's memory goes with it
    turned: GreyFrame = np.rot90(pixels, frame.rotation // 90)
    return turned


def _plain(error: FFmpegError) -> str:
    """Keep of an error what ffmpeg says, without its number and the file name."""
    return (error.strerror or type(error).__name__).lower()
