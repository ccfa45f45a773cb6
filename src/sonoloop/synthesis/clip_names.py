"""How files of a batch are named: without collisions, and whatever else is in the batch."""

import hashlib
import re
from pathlib import Path
from typing import Final

from sonoloop.errors import UnreadableFileError

LONGEST_NAME: Final = 80
"""Characters of a still's name that are kept in file names."""
HASH_DIGITS: Final = 8


def still_stem(name: str, sha256: str) -> str:
    """Name the files of a still after it, with nothing in the name that a shell would mind.

    Args:
        name: Of the still's file, with or without folders.
        sha256: Of the still's file.

    Returns:
        NAME-HASH; equal names of different files differ in HASH.
    """
    stem = re.sub(r"[^\w.-]+", "_", Path(name).stem).strip("._")[:LONGEST_NAME]
    return f"{stem or 'still'}-{sha256[:HASH_DIGITS]}"


def origin(seed: int, motion_sha256: str | None) -> str:
    """Name where the motion comes from: a seed, or another clip.

    Args:
        seed: Of the run.
        motion_sha256: Identity of the clip whose motion it is; None where it was drawn.
    """
    return f"seed{seed}" if motion_sha256 is None else f"motion{motion_sha256[:HASH_DIGITS]}"


def file_sha256(path: Path) -> str:
    """Hash a still's file; of a folder of frames, its first.

    Args:
        path: File or folder of frames.

    Raises:
        UnreadableFileError: If it cannot be read.
    """
    try:
        file = min(child for child in path.iterdir() if child.is_file()) if path.is_dir() else path
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        reason = f"cannot be read ({error.strerror if isinstance(error, OSError) else 'is empty'})"
        raise UnreadableFileError(path, reason) from error
