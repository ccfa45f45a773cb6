"""A file is complete or absent: write beside it, then rename."""

import errno
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

    Raises:
        OSError: Of the block, naming ``path``: writing, unlike opening, does not say where.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield unfinished
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
    """
    with unfinished_file(path) as unfinished:
        unfinished.write_bytes(content)
