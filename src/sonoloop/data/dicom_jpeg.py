"""Decode the JPEG Lossless and JPEG-LS frames of scanners through ffmpeg (PyAV).

JPEG Lossless is what many ultrasound scanners write; pydicom has no decoder for it under a licence
that fits this project, and ffmpeg's, which is here anyway, is exact.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from av import CodecContext, Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from pydicom import Dataset
from pydicom.encaps import generate_frames

FFMPEG_CODECS = {
    "1.2.840.10008.1.2.4.57": "mjpeg",  # JPEG Lossless, process 14
    "1.2.840.10008.1.2.4.70": "mjpeg",  # JPEG Lossless, process 14, first-order prediction
    "1.2.840.10008.1.2.4.80": "jpegls",
    "1.2.840.10008.1.2.4.81": "jpegls",
}
"""Transfer syntaxes read here (PS3.6, table A-1)."""


def jpeg_frames(header: Dataset, num_frames: int) -> Iterator[npt.NDArray[Any]]:
    """Decode one frame after the other.

    Args:
        header: A file whose transfer syntax is in ``FFMPEG_CODECS``.
        num_frames: Number of frames to decode.

    Yields:
        Grey (h, w) at its own depth, or red, green and blue (h, w, 3).

    Raises:
        FFmpegError: If a frame is damaged.
    """
    codec = FFMPEG_CODECS[header.file_meta.TransferSyntaxUID]
    encoded = generate_frames(header.PixelData, number_of_frames=header.get("NumberOfFrames") or 1)
    for _, content in zip(range(num_frames), encoded, strict=False):
        decoder = CodecContext.create(codec, "r")
        if isinstance(decoder, VideoCodecContext):
            for frame in [*decoder.decode(Packet(content)), *decoder.decode(None)]:
                yield _pixels(frame)


def _pixels(frame: VideoFrame) -> npt.NDArray[Any]:
    """Unpack the planes as they are; of luma and chroma the luma."""
    name = frame.format.name
    if name.startswith("gray"):
        return frame.to_ndarray()
    if name.startswith("yuv"):
        plane = frame.planes[0]
        rows = np.frombuffer(bytes(plane), dtype=np.uint8).reshape(-1, plane.line_size)
        return rows[: frame.height, : frame.width].copy()
    return frame.to_ndarray(format="rgb24")
