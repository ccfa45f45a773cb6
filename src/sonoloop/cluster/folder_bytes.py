"""A folder as an archive whose bytes depend on names and contents alone."""

import io
import shutil
import tarfile
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory


def write_archive(folder: Path, file: io.BufferedIOBase, *, without: Collection[str] = ()) -> None:
    """Put all files of a folder into an archive.

    Args:
        folder: The folder.
        file: Takes an uncompressed tar archive: what is large in these folders does not compress.
        without: Names directly in it that are left out.
    """
    with tarfile.open(fileobj=file, mode="w") as archive:
        for path in sorted(folder.iterdir()):
            if path.name not in without:
                archive.add(path, path.name, filter=_without_circumstances)


def pack_folder(folder: Path, *, without: Collection[str] = ()) -> bytes:
    """Put all files of a folder into an archive in memory; see :func:`write_archive`."""
    buffer = io.BytesIO()
    write_archive(folder, buffer, without=without)
    return buffer.getvalue()


def unpack_folder(packed: bytes, folder: Path) -> None:
    """Put what was packed into a folder.

    What lies directly in the archive is put in place by renaming, so that each of these files and
    folders is there as a whole or not at all.

    Args:
        packed: From ``pack_folder``.
        folder: Made if needed; what it has under the same names is replaced, the rest stays.

    Raises:
        tarfile.FilterError: If a name in the archive leads out of the folder.
        OSError: If the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=".arriving-") as arriving:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(arriving, filter="data")
        for path in sorted(Path(arriving).iterdir()):
            target = folder / path.name
            if target.is_dir():
                shutil.rmtree(target)
            path.replace(target)


def _without_circumstances(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who wrote a file, and when."""
    entry.mtime = entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry
