"""Where shards lie: a folder that all machines share, or a bucket.

A shard is two files of one name: ``NAME.tar`` with the loops, in the order of the stills, and
``NAME.parquet`` with their rows of the manifest. One archive for many loops because a million small
files are slow to list, copy and delete everywhere, and in a bucket each is paid for; tar because
every tool reads it, in one pass. NAME is a hash of what is in the shard, the loops' bytes follow
from it, and each file appears at once: written twice, by a worker that was thought lost, it is the
same shard. The rows come last, so a shard with rows is whole.
"""

import io
import json
import shutil
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

import polars as pl

from sonoloop.atomic_files import unfinished_file, write_atomically
from sonoloop.cluster.still_listing import file_system
from sonoloop.errors import SonoloopError, UsageError
from sonoloop.parquet_files import read_parquet
from sonoloop.synthesis.manifest import SCHEMA

SETTINGS_FILE: Final = "settings.json"
STILL_KEY: Final = "still_key"
SHARD: Final = "shard"
COLUMNS: Final[dict[str, type[pl.DataType]]] = {
    SHARD: pl.String,
    STILL_KEY: pl.String,
    **SCHEMA,
}
"""Of the manifest: which archive a loop is in, which still it was made of, and all that is known
of loops elsewhere; ``mp4``, ``gif`` ... name files of the archive."""
READ_TOGETHER: Final = 128
"""Manifests; a bucket answers each in tens of milliseconds."""


class ShardFolder:
    """Shards that are there, and a place for new ones.

    Args:
        place: Path, or address such as ``s3://bucket/loops``.

    Raises:
        UsageError: If no file system knows the place.
    """

    def __init__(self, place: str) -> None:
        """Find the file system."""
        self.place = place
        self._files, self._root = file_system(place)
        self.local = None if "://" in place else Path(place)

    def claim_settings(self, settings: Mapping[str, object]) -> None:
        """Write what decides the loops, or refuse a place whose loops were decided by other things.

        Args:
            settings: As JSON can hold them.

        Raises:
            UsageError: Naming the setting and both values.
        """
        path = f"{self._root}/{SETTINGS_FILE}"
        if self._files.exists(path):
            there = json.loads(self._files.cat_file(path))
            for name, value in settings.items():
                if there.get(name) != value:
                    msg = (
                        f"{self.place} holds loops with {name.replace('_', '-')} "
                        f"{there.get(name)}, {value} was asked for: choose another --out"
                    )
                    raise UsageError(msg)
        self._write(SETTINGS_FILE, (json.dumps(settings, indent=1) + "\n").encode())

    def finished(self) -> Iterator[str]:
        """Go through the keys of the stills whose loops are there.

        Raises:
            SonoloopError: If a manifest is damaged.
        """
        self._files.invalidate_cache()
        paths = iter(sorted(self._files.glob(f"{self._root}/*.parquet")))
        while some := list(islice(paths, READ_TOGETHER)):
            for path, content in self._files.cat(some).items():
                try:
                    table = read_parquet(io.BytesIO(content), columns=[STILL_KEY])
                except pl.exceptions.PolarsError as error:
                    msg = f"{path} is damaged ({error}): delete it and go on"
                    raise SonoloopError(msg) from error
                yield from table[STILL_KEY].unique()

    def add(self, name: str, archive: Path, rows: pl.DataFrame) -> None:
        """Put a shard in place, its rows last.

        Args:
            name: Of the shard.
            archive: File with its loops, somewhere else.
            rows: Their rows, with ``COLUMNS``.

        Raises:
            OSError: If it cannot be written.
        """
        if self.local is None:
            self._files.put_file(str(archive), f"{self._root}/{name}.tar")
        else:
            with unfinished_file(self.local / f"{name}.tar") as unfinished:
                shutil.copyfile(archive, unfinished)
        buffer = io.BytesIO()
        rows.write_parquet(buffer)
        self._write(f"{name}.parquet", buffer.getvalue())

    def _write(self, name: str, content: bytes) -> None:
        """Write a small file; in a bucket it appears when all of it is there."""
        if self.local is None:
            self._files.pipe_file(f"{self._root}/{name}", content)
        else:
            write_atomically(self.local / name, content)
