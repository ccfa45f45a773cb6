"""A file is complete or absent: write beside it, then rename."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def unfinished_file(path: Path) -> Iterator[Path]:
    """Lend a temporary name in the same folder, and rename it when the block ends well.

    Args:
        path: Where the file shall be; its folder is made if needed.

    Yields:
        Where to write; nothing is left there if the block fails.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Put a file in place in one step, so that no reader ever sees half of it.

    Args:
        path: Where the file shall be; its folder is made if needed.
        content: All of it.

    Raises:
        OSError: If the folder cannot be written or the disk is full; nothing is left behind.
    """
    with unfinished_file(path) as unfinished:
        unfinished.write_bytes(content)
