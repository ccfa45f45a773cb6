"""One run at a time writes a folder: a file in it names the process that does."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sonoloop.errors import UsageError

CLAIM_FILE: Final = ".in-use"


def check_free(folder: Path) -> None:
    """Refuse a folder that another process writes.

    Args:
        folder: It need not exist.

    Raises:
        UsageError: If it is in use.
    """
    owner = _owner(folder / CLAIM_FILE)
    if owner is not None:
        msg = (
            f"{folder} is being written by another run ({owner}): wait for it or choose another "
            f"--out; if that run is gone, remove {folder / CLAIM_FILE}"
        )
        raise UsageError(msg)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder; what a killed process left is taken over.

    Args:
        folder: It exists.

    Raises:
        UsageError: If it is in use.
    """
    claim = folder / CLAIM_FILE
    check_free(folder)
    claim.unlink(missing_ok=True)  # of a process that is gone
    try:
        with claim.open("x") as file:
            file.write(f"{os.getpid()} {socket.gethostname()}")
    except FileExistsError:  # another run was quicker just now
        check_free(folder)
        raise
    try:
        yield
    finally:
        claim.unlink(missing_ok=True)


def _owner(claim: Path) -> str | None:
    """Describe the process that holds a claim; None if there is none or it is gone."""
    try:
        number, _, host = claim.read_text().partition(" ")
    except OSError:  # no file, or no such folder: whoever writes next will hear of it
        return None
    if host == socket.gethostname() and number.isdecimal() and not _is_running(int(number)):
        return None
    return f"process {number} on {host}" if host else "just starting"


def _is_running(process: int) -> bool:
    if process == os.getpid():
        return False  # of an earlier process with our number: this one is only asking
    if sys.platform == "win32":
        return True  # cannot be asked there without ending it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
