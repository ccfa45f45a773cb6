"""Shards in a folder."""

from pathlib import Path

import polars as pl
import pytest

from sonoloop.cluster.shard_folder import COLUMNS, SHARD, STILL_KEY, ShardFolder
from sonoloop.errors import SonoloopError, UsageError


def _add(folder: ShardFolder, tmp_path: Path, name: str, keys: tuple[str, ...]) -> None:
    archive = tmp_path / "archive"
    archive.write_bytes(name.encode())
    rows = [{SHARD: f"{name}.tar", STILL_KEY: key} for key in keys]
    empty = {column: None for column in COLUMNS if column not in {SHARD, STILL_KEY}}
    table = pl.DataFrame([{**row, **empty} for row in rows], schema=COLUMNS)
    folder.add(name, archive, table)


def test_what_was_added_is_finished(tmp_path: Path) -> None:
    """Each still once, though it has several loops; nothing else is left in the folder."""
    place = tmp_path / "loops"
    folder = ShardFolder(str(place))
    _add(folder, tmp_path, "one", ("a", "a", "b"))
    _add(folder, tmp_path, "two", ("c",))
    _add(folder, tmp_path, "two", ("c",))  # by a worker that was thought lost
    assert sorted(folder.finished()) == ["a", "b", "c"]
    names = ["one.parquet", "one.tar", "two.parquet", "two.tar"]
    assert sorted(path.name for path in place.iterdir()) == names
    assert (place / "one.tar").read_bytes() == b"one"


def test_an_archive_without_rows_is_not_finished(tmp_path: Path) -> None:
    """Rows come last: its worker was lost between the two."""
    (tmp_path / "one.tar").touch()
    assert list(ShardFolder(str(tmp_path)).finished()) == []


def test_loops_of_other_settings_are_refused(tmp_path: Path) -> None:
    """The sentence names the setting; the same settings go on."""
    folder = ShardFolder(str(tmp_path))
    folder.claim_settings({"seed": 1, "num_samples": 2})
    folder.claim_settings({"seed": 1, "num_samples": 2})
    with pytest.raises(UsageError, match="holds loops with num-samples 2, 3 was asked for"):
        folder.claim_settings({"seed": 1, "num_samples": 3})


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    """With what to do."""
    (tmp_path / "one.parquet").write_bytes(b"nothing of the kind")
    with pytest.raises(SonoloopError, match=r"one.parquet is damaged .*: delete it and go on"):
        list(ShardFolder(str(tmp_path)).finished())


def test_an_unknown_file_system_is_refused() -> None:
    """With its name."""
    with pytest.raises(UsageError, match="nonsense://loops: Protocol not known: nonsense"):
        ShardFolder("nonsense://loops")
