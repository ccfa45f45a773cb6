"""Checksums of the files of a folder, as ``sha256sum --check SHA256SUMS`` reads them.

A file without its line is not checked: what an older version wrote has no such file at all.
"""

import errno
import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from sonoloop.atomic_files import write_atomically

SUMS_FILE: Final = "SHA256SUMS"
_LINE: Final = re.compile(r"([0-9a-f]{64})  (\S.*)")


def sha256_of(path: Path) -> str:
    """Hash a file's content, as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_sums(folder: Path, names: Iterable[str]) -> None:
    """Write down what files hold now.

    Args:
        folder: Where they are.
        names: Relative to the folder.
    """
    write_summed(folder, {}, also=names)


def write_summed(folder: Path, files: Mapping[str, bytes], *, also: Iterable[str] = ()) -> None:
    """Write files after their checksums, so that none of them ever stands without.

    Args:
        folder: Where they go.
        files: Contents by name relative to the folder, in the order of writing.
        also: Names of files that are there and get a checksum, too.
    """
    digests = {name: sha256_of(folder / name) for name in also}
    digests |= {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    lines = (f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    write_atomically(folder / SUMS_FILE, "".join(lines).encode())
    for name, content in files.items():
        write_atomically(folder / name, content)


def damaged_files(folder: Path, names: Collection[str] | None = None) -> list[str]:
    """Name the files that are no longer what was written down.

    Args:
        folder: Where they are; without ``SHA256SUMS`` in it nothing can be told.
        names: Look at these only, as far as they are written down; None for all.

    Returns:
        Names of files that differ or are missing; ``SHA256SUMS`` itself if it is damaged.
    """
    path = folder / SUMS_FILE
    try:
        *lines, end = path.read_bytes().decode().split("\n")  # splitlines takes \v for an end, too
    except FileNotFoundError:
        return []
    except ValueError:
        return [SUMS_FILE]
    if end:
        return [SUMS_FILE]
    damaged = []
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            return [SUMS_FILE]
        digest, name = match.groups()
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            return [SUMS_FILE]  # no business of this folder
        if names is not None and name not in names:
            continue
        if _differs(folder / name, digest):
            damaged.append(name)
    return damaged


def _differs(path: Path, digest: str) -> bool:
    try:
        return not path.is_file() or sha256_of(path) != digest
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        return True
