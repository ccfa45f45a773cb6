"""A folder as bytes, so that machines need no disk in common."""

import io
import shutil
import tarfile
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory


def pack_folder(folder: Path, *, without: Collection[str] = ()) -> bytes:
    """Put all files of a folder into an archive.

    Args:
        folder: The folder.
        without: Names directly in it that are left out.

    Returns:
        An uncompressed tar archive: what is large in these folders does not compress.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted(folder.iterdir()):
            if path.name not in without:
                archive.add(path, path.name)
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
