"""Stills as strangers send them: their names made harmless, their size and number bounded."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, NamedTuple

from sonoloop.errors import SonoloopError, UsageError
from sonoloop.synthesis.batch_options import BYTES_PER_MB, StillFile
from sonoloop.web.limits import Limits

LONGEST_NAME: Final = 80
"""Characters of a name that are kept."""
COPIED_AT_ONCE: Final = 1 << 20


class TooLargeError(SonoloopError):
    """More was sent than the server takes."""


class Upload(NamedTuple):
    """One still on its way in.

    Args:
        name: What the sender calls it: any text.
        content: Its bytes.
    """

    name: str
    content: BinaryIO


def clean_name(name: str) -> str:
    """Make a sender's file name safe to show and to write below a folder.

    Args:
        name: Any text: with folders of any system, control characters or nothing at all.

    Returns:
        The last part without what does not print; never hidden, never empty.
    """
    last = PurePosixPath(name.replace("\\", "/")).name
    printed = "".join(char if char.isprintable() else "_" for char in last)
    kept = re.sub(r'[<>:"|?*]', "_", unicodedata.normalize("NFC", printed)).strip(" .")
    stem, suffix = Path(kept).stem, Path(kept).suffix
    return f"{stem[: LONGEST_NAME - len(suffix)]}{suffix}"[:LONGEST_NAME] or "still"


def check_count(num_stills: int, num_samples: int, limits: Limits) -> None:
    """Refuse more stills or loops than one request may ask for.

    Args:
        num_stills: Stills sent.
        num_samples: Loops asked for each.
        limits: Of the server.

    Raises:
        UsageError: If there is no still.
        TooLargeError: If there are too many.
    """
    if not num_stills:
        msg = "no still was sent: give at least one image or DICOM file"
        raise UsageError(msg)
    if num_stills > limits.max_files:
        msg = (
            f"{num_stills} files were sent, at most {limits.max_files} are taken at once: send "
            "fewer, or use 'sonoloop synthesize' for a whole folder"
        )
        raise TooLargeError(msg)
    if num_stills * num_samples > limits.max_loops:
        msg = (
            f"{num_stills} stills with {num_samples} loops each are {num_stills * num_samples} "
            f"loops, at most {limits.max_loops} are made at once: ask for fewer"
        )
        raise TooLargeError(msg)


def store_uploads(uploads: Sequence[Upload], folder: Path, limits: Limits) -> list[StillFile]:
    """Copy stills into a folder of their own names.

    Args:
        uploads: Stills.
        folder: New folder.
        limits: Of the server.

    Returns:
        The stills; equal names are told apart by a number.

    Raises:
        TooLargeError: If they are too large together.
    """
    folder.mkdir(parents=True)
    left = limits.max_upload_bytes
    files: list[StillFile] = []
    for number, upload in enumerate(uploads):
        name = clean_name(upload.name)
        place = folder / f"{number}" / name
        place.parent.mkdir()
        with place.open("xb") as stored:
            while part := upload.content.read(COPIED_AT_ONCE):
                left -= len(part)
                if left < 0:
                    msg = (
                        f"the files are larger than {limits.max_upload_bytes // BYTES_PER_MB} MB "
                        "together: send fewer or smaller ones"
                    )
                    raise TooLargeError(msg)
                stored.write(part)
        files.append(StillFile(place, name))
    return files
