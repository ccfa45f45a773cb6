"""Converted weights on disk: one safetensors file, known by what is in it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from sonoloop.atomic_files import write_atomically
from sonoloop.errors import UnreadableFileError
from sonoloop.features.pickled_arrays import Arrays


def content_sha256(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Hash names, types, shapes and values, whatever file they are in.

    Args:
        arrays: By name; the order does not count.

    Returns:
        SHA-256 in hex digits.
    """
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {list(array.shape)}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write a safetensors file in one step.

    Args:
        path: Where it shall be.
        arrays: By name.

    Raises:
        OSError: If the disk is full or the folder cannot be written.
    """
    write_atomically(path, safetensors.numpy.save(arrays))


def read_arrays(path: Path, *, sha256: str) -> Arrays:
    """Read a safetensors file and check its content.

    Args:
        path: The file.
        sha256: What ``content_sha256`` must give.

    Raises:
        UnreadableFileError: If the file is damaged or holds something else.
    """
    try:
        arrays = safetensors.numpy.load(path.read_bytes())
    except (SafetensorError, KeyError) as error:
        reason = f"is no safetensors file ({error}); delete it and fetch it again"
        raise UnreadableFileError(path, reason) from error
    found = content_sha256(arrays)
    if found != sha256:
        reason = (
            f"is damaged or another net: the SHA-256 of its content begins with {found[:12]}, "
            f"not {sha256[:12]}; delete it and fetch it again"
        )
        raise UnreadableFileError(path, reason)
    return arrays
