"""Download a file of known hash, going on where an interrupted download stopped."""

import hashlib
import ssl
import time
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.error import HTTPError

from sonoloop.errors import SonoloopError
from sonoloop.features.package_index import open_url, reason_of
from sonoloop.features.pip_settings import PipSettings

PARTIAL_SUFFIX: Final = ".part"
CHUNK_BYTES: Final = 1 << 20
PAUSE_S: Final = 1.0
"""Wait before the second connection, twice as long before the third."""
_PARTIAL_CONTENT: Final = 206
_RANGE_NOT_SATISFIABLE: Final = 416

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes in all."""


def download(
    url: str,
    destination: Path,
    *,
    sha256: str,
    num_bytes: int,
    settings: PipSettings,
    on_progress: Progress | None = None,
    attempts: int = 3,
) -> None:
    """Bring a file to this computer and check it.

    What has arrived lies beside the destination under ``.part`` and is continued by a Range
    request, now and the next time; where a server ignores the request, it starts again.

    Args:
        url: Where the file is.
        destination: Where it shall be; its folder is made if needed.
        sha256: What it must hash to.
        num_bytes: Its size; not a byte more is read.
        settings: Certificates, proxy and timeout.
        on_progress: Told how far it is.
        attempts: Connections to try.

    Raises:
        SonoloopError: If the connection fails each time (what has arrived is kept), or if the
            file is not the one wanted (it is deleted).
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    partial = destination.with_name(destination.name + PARTIAL_SUFFIX)
    reason = ""
    for attempt in range(attempts):
        if attempt:
            time.sleep(attempt * PAUSE_S)
        try:
            _continue(url, partial, num_bytes, settings, on_progress)
        except HTTPError as error:
            reason = reason_of(error)
            if error.code == _RANGE_NOT_SATISFIABLE:
                partial.unlink(missing_ok=True)
        except (HTTPException, ConnectionError, TimeoutError, ssl.SSLError) as error:
            reason = str(error) or type(error).__name__
        except OSError as error:
            if error.errno is not None:  # the disk's, not the network's
                raise
            reason = reason_of(error)
        if partial.is_file() and partial.stat().st_size == num_bytes:
            _accept(partial, destination, sha256)
            return
    have = partial.stat().st_size if partial.is_file() else 0
    msg = (
        f"the download of {destination.name} stopped at {have / 1e6:.1f} of "
        f"{num_bytes / 1e6:.1f} MB ({reason or 'the server closed the connection'}): "
        "run the same command again to go on"
    )
    raise SonoloopError(msg)


def _continue(
    url: str, partial: Path, num_bytes: int, settings: PipSettings, on_progress: Progress | None
) -> None:
    """Append what is missing, or start again where the server sends all of it."""
    have = partial.stat().st_size if partial.is_file() else 0
    if have > num_bytes:
        partial.unlink()
        have = 0
    if have == num_bytes:
        return
    headers = {"Range": f"bytes={have}-"} if have else {}
    with open_url(url, settings, headers) as response:
        content_range = response.headers.get("Content-Range", "")
        goes_on = response.status == _PARTIAL_CONTENT and content_range.startswith(f"bytes {have}-")
        if have and not goes_on:
            have = 0
        with partial.open("ab" if have else "wb") as file:
            while have < num_bytes:
                chunk = response.read(min(CHUNK_BYTES, num_bytes - have))
                if not chunk:
                    return
                file.write(chunk)
                have += len(chunk)
                if on_progress is not None:
                    on_progress(have, num_bytes)


def _accept(partial: Path, destination: Path, sha256: str) -> None:
    """Put a complete file in place if it is the one wanted."""
    found = file_sha256(partial)
    if found != sha256:
        partial.unlink()
        msg = (
            f"the downloaded {destination.name} is not the file that was wanted: its SHA-256 "
            f"begins with {found[:12]}, not {sha256[:12]}; it was deleted, try again"
        )
        raise SonoloopError(msg)
    partial.replace(destination)


def file_sha256(path: Path) -> str:
    """Hash a file without reading it into memory at once."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
