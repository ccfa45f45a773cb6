"""A file is complete or absent: write beside it, then rename."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sonoloop.errors import SonoloopError

_UNFINISHED: Final = re.compile(r"\..+\.\d+\.part")
_guards: Final[dict[Path, os.stat_result]] = {}
"""Files of this process that stand as long as the folders they lie in."""


@contextmanager
def unfinished_file(path: Path) -> Iterator[Path]:
    """Lend a temporary name in the same folder, and rename it when the block ends well.

    Args:
        path: Where the file shall be; its folder is made if needed.

    Yields:
        Where to write; nothing is left there if the block fails.

    Raises:
        OSError: Of the block, naming ``path``: writing, unlike opening, does not say where.
        SonoloopError: If the folder that this run claimed was removed meanwhile.
    """
    refuse_lost(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield unfinished
        refuse_lost(path)
        unfinished.replace(path)
    except OSError as error:
        if error.filename not in {None, str(unfinished)}:
            raise
        is_numpy_on_a_full_disk = error.errno is None and "requested and" in str(error)
        number = errno.ENOSPC if is_numpy_on_a_full_disk else error.errno
        raise OSError(number, error.strerror or os.strerror(number or 0), str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Put a file in place in one step, so that no reader ever sees half of it.

    Args:
        path: Where the file shall be; its folder is made if needed.
        content: All of it.

    Raises:
        OSError: If the folder cannot be written or the disk is full; nothing is left behind.
        SonoloopError: If the folder that this run claimed was removed meanwhile.
    """
    with unfinished_file(path) as unfinished:
        unfinished.write_bytes(content)


def clear_unfinished(folder: Path) -> None:
    """Remove what a killed process was writing in a folder and below; links are not followed.

    Args:
        folder: No other process writes it.
    """
    for place, _, names in os.walk(folder):
        for name in filter(_UNFINISHED.fullmatch, names):
            Path(place, name).unlink(missing_ok=True)


@contextmanager
def guarded(marker: Path) -> Iterator[None]:
    """Let nothing be written beside a file or below once it is gone.

    Without this, a run whose folder was removed would make it anew and go on, and what it leaves
    would look like a whole folder.

    Args:
        marker: The file.
    """
    marker = marker.absolute()
    _guards[marker] = marker.stat()
    try:
        yield
    finally:
        del _guards[marker]


def is_guarded(marker: Path) -> bool:
    """Tell whether this process has put a guard on a file."""
    return marker.absolute() in _guards


def refuse_lost(path: Path) -> None:
    """Refuse to write where a guarded file is gone.

    Args:
        path: What is to be written.

    Raises:
        SonoloopError: If the folder was removed, or removed and made anew.
    """
    path = path.absolute()
    for marker, stands in _guards.items():
        if not path.is_relative_to(marker.parent):
            continue
        try:
            found = marker.stat()
        except FileNotFoundError:
            found = None
        if found is None or not os.path.samestat(found, stands):
            msg = (
                f"{marker.parent} was removed or replaced while this run was writing it: "
                "run the same command again"
            )
            raise SonoloopError(msg)
