"""Loops and pictures as parts of the page: read, checked and packed into data: addresses."""

import base64
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import av
from PIL import Image

from sonoloop.data.limited_reading import FIRST_FRAMES_LIMITS
from sonoloop.data.still_files import open_picture
from sonoloop.data.video_files import open_container
from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.limited_process import LimitedProcess

VIDEO_TYPES: Final[Mapping[str, str]] = MappingProxyType({".mp4": "video/mp4"})
PICTURE_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {".gif": "image/gif", ".png": "image/png"}
)
PLAYED_CODEC: Final = "h264"
PLAYED_PIXELS: Final = "yuv420p"
"""What every browser plays."""


@dataclass(frozen=True)
class Media:
    """A file that stands inside the page, or the reason why it does not.

    Args:
        media_type: Such as ``video/mp4``; empty where there is nothing to show.
        uri: All of the file as a data: address.
        width: Pixels.
        height: Pixels.
        still_uri: First frame of a gif, shown to readers who want no motion.
        problem: One sentence where the file is missing, damaged or may not play.
    """

    media_type: str = ""
    uri: str = ""
    width: int = 0
    height: int = 0
    still_uri: str | None = None
    problem: str | None = None

    @property
    def is_video(self) -> bool:
        """Whether a <video> shows it."""
        return self.media_type.startswith("video/")


def read_files(folder: Path, names: Iterable[str]) -> dict[str, Media]:
    """Read the loops and pictures that a record names, in a process that a bad file may end.

    Args:
        folder: Where the record is.
        names: Paths of the files relative to it.

    Returns:
        The files, or what is wrong with them, by their names.

    Raises:
        UsageError: If a path leads out of the folder.
    """
    media: dict[str, Media] = {}
    with LimitedProcess() as process:
        for name in names:
            path = folder / name
            try:
                media[name] = process.call(
                    _read_named, (folder, name), path=path, limits=FIRST_FRAMES_LIMITS
                )
            except UnreadableFileError as error:
                media[name] = Media(problem=f"{name} {error.reason}")
    return media


def _read_named(named: tuple[Path, str]) -> Media:
    return read_media(*named)


def read_media(folder: Path, name: str) -> Media:
    """Read a loop or picture that a record names.

    Args:
        folder: Where the record is.
        name: Path of the file relative to it.

    Returns:
        The file, or what is wrong with it.

    Raises:
        UsageError: If the path leads out of the folder: a page may only hold what lies there.
    """
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        msg = f"{folder} names the file {name}, which lies outside of it: evaluate again"
        raise UsageError(msg)
    suffix = path.suffix.lower()
    if suffix not in VIDEO_TYPES and suffix not in PICTURE_TYPES:
        known = ", ".join([*VIDEO_TYPES, *PICTURE_TYPES])
        return Media(problem=f"{name} is none of {known}")
    try:
        content = path.read_bytes()
    except OSError as error:
        return Media(problem=f"{name} cannot be read ({error.strerror})")
    if suffix in VIDEO_TYPES:
        return _video(name, content, VIDEO_TYPES[suffix])
    return _picture(name, content, PICTURE_TYPES[suffix])


def data_uri(media_type: str, content: bytes) -> str:
    """Pack bytes into an address that needs no network."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _video(name: str, content: bytes, media_type: str) -> Media:
    try:
        with open_container(io.BytesIO(content)) as container:
            stream = container.streams.video[0]
            frame = next(container.decode(stream))
            codec, pixels = stream.codec_context.name, frame.format.name
    except (av.FFmpegError, IndexError, StopIteration):
        return Media(problem=f"{name} is damaged or holds no video")
    problem = None
    if codec != PLAYED_CODEC or pixels != PLAYED_PIXELS:
        problem = (
            f"{name} is {codec} {pixels}; browsers are sure to play {PLAYED_CODEC} {PLAYED_PIXELS} "
            "only"
        )
    return Media(
        media_type, data_uri(media_type, content), frame.width, frame.height, problem=problem
    )


def _picture(name: str, content: bytes, media_type: str) -> Media:
    try:
        with open_picture(io.BytesIO(content)) as image:
            image.load()
            width, height = image.size
            still = _as_png(image) if getattr(image, "is_animated", False) else None
    except Exception:  # noqa: BLE001 - damaged pictures fail in many ways
        return Media(problem=f"{name} is damaged or no picture")
    return Media(media_type, data_uri(media_type, content), width, height, still)


def _as_png(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "PNG")
    return data_uri("image/png", buffer.getvalue())
