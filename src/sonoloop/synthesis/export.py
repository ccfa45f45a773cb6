"""Write loops to files: mp4, gif and npy, complete or not at all."""

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from sonoloop.atomic_files import unfinished_file, write_atomically
from sonoloop.data.recording import Frames
from sonoloop.errors import SonoloopError
from sonoloop.synthesis.provenance import Provenance

CONSTANT_RATE_FACTOR = 14
"""x264 quality, 0 lossless to 51; at 14 speckle keeps its texture."""
CONTAINER_OPTIONS = {"movflags": "faststart"}
"""Index before frames: a page can play the file before it has all of it."""
TITLE = "SYNTHETIC ultrasound loop"


def write_mp4(
    path: Path, frames: Frames, *, frame_rate_hz: float, provenance: Provenance | None
) -> None:
    """Write H.264 in yuv420p, which every browser and viewer plays.

    Its chroma planes need even sides, so an odd side gets one more row or column, a copy of the
    last; npy and gif keep the exact size.

    Args:
        path: Where to write.
        frames: Grey frames (t, h, w).
        frame_rate_hz: Frames per second.
        provenance: Goes into the file's comment tag; None for clips that were not made here.

    Raises:
        SonoloopError: If the encoder refuses the size.
        OSError: If the file cannot be written; nothing is left behind.
    """
    height, width = frames.shape[1:]
    even = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2)), mode="edge")
    try:
        _encode(path, even, Fraction(frame_rate_hz).limit_denominator(1001), provenance)
    except av.FFmpegError as error:
        if isinstance(error, OSError):  # disk, permissions: the user knows what to do
            raise
        msg = (
            f"{path}: frames of {width}x{height} cannot be encoded as mp4 ({error.strerror}); "
            "leave mp4 out of --formats"
        )
        raise SonoloopError(msg) from error


def _encode(path: Path, frames: Frames, rate: Fraction, provenance: Provenance | None) -> None:
    """Write frames of even sides."""
    with (
        unfinished_file(path) as unfinished,
        av.open(str(unfinished), mode="w", format="mp4", options=CONTAINER_OPTIONS) as container,
    ):
        if provenance is not None:
            container.metadata["title"] = TITLE
            container.metadata["comment"] = provenance.to_json()
        stream = container.add_stream("libx264", rate=rate)
        stream.height, stream.width = frames.shape[1:]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(CONSTANT_RATE_FACTOR), "preset": "medium", "g": "16"}
        for pixels in frames:
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="gray")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def write_gif(path: Path, frames: Frames, *, frame_rate_hz: float, provenance: Provenance) -> None:
    """Write an endless gif; its grey levels are exact, its delays multiples of 10 ms.

    Args:
        path: Where to write.
        frames: Grey frames (t, h, w).
        frame_rate_hz: Frames per second; viewers show at most 50.
        provenance: Goes into the file's comment.
    """
    centiseconds = max(2, round(100 / frame_rate_hz))
    first, *others = [Image.fromarray(pixels) for pixels in frames]
    buffer = io.BytesIO()
    first.save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=others,
        duration=10 * centiseconds,
        loop=0,
        comment=provenance.to_json().encode(),
    )
    write_atomically(path, buffer.getvalue())


def write_npy(path: Path, frames: Frames) -> None:
    """Write the grey levels as they are, for programs rather than eyes.

    Args:
        path: Where to write.
        frames: Grey frames (t, h, w).
    """
    buffer = io.BytesIO()
    np.save(buffer, frames, allow_pickle=False)
    write_atomically(path, buffer.getvalue())
