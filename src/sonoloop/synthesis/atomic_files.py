"""A file is complete or absent: write beside it, then rename."""

import os
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Put a file in place in one step, so that no reader ever sees half of it.

    Args:
        path: Where the file shall be; its folder is made if needed.
        content: All of it.

    Raises:
        OSError: If the folder cannot be written or the disk is full; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
