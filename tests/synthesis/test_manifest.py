"""The table beside the clips."""

from pathlib import Path

import polars as pl
import pytest

from sonoloop.errors import UsageError
from sonoloop.synthesis.manifest import (
    CSV_FILE,
    LATER_COLUMNS,
    PARQUET_FILE,
    SCHEMA,
    Manifest,
    Row,
    row_key,
)


def row(source: str, sample: int, seconds: float = 1.0) -> Row:
    """Make a row with most columns empty."""
    empty = dict.fromkeys(SCHEMA)
    filled = {"source": source, "source_sha256": "ab", "seed": 0, "sample": sample}
    return {**empty, **filled, "seconds": seconds}


def test_rows_come_back_sorted_and_typed(tmp_path: Path) -> None:
    """Parquet for programs and CSV for eyes say the same."""
    manifest = Manifest(tmp_path)
    manifest.add([row("b.png", 1), row("b.png", 0), row("a.png", 0)])
    manifest.write()
    table = pl.read_parquet(tmp_path / PARQUET_FILE)
    assert table.schema == SCHEMA
    assert table["source"].to_list() == ["a.png", "b.png", "b.png"]
    assert pl.read_csv(tmp_path / CSV_FILE)["sample"].to_list() == [0, 0, 1]
    again = Manifest(tmp_path)
    assert len(again) == 3
    assert again.find(row_key(row("b.png", 1))) == row("b.png", 1)


def test_a_clip_has_one_row(tmp_path: Path) -> None:
    """Making it again replaces what was known."""
    manifest = Manifest(tmp_path)
    manifest.add([row("a.png", 0, 1.0), row("a.png", 0, 2.0)])
    assert len(manifest) == 1
    found = manifest.find(row_key(row("a.png", 0)))
    assert found is not None
    assert found["seconds"] == 2.0


def test_manifests_from_before_control_are_read(tmp_path: Path) -> None:
    """Their clips were neither told anything nor closed, and need not be made again."""
    manifest = Manifest(tmp_path)
    manifest.add([row("a.png", 0)])
    manifest.write()
    path = tmp_path / PARQUET_FILE
    pl.read_parquet(path).drop(LATER_COLUMNS).write_parquet(path)
    found = Manifest(tmp_path).find(row_key(row("a.png", 0)))
    assert found is not None
    assert {name: found[name] for name in LATER_COLUMNS} == dict(LATER_COLUMNS)
    assert found["loop"] is False


def test_foreign_tables_are_refused(tmp_path: Path) -> None:
    """Neither a damaged file nor another table is overwritten."""
    path = tmp_path / PARQUET_FILE
    path.write_bytes(b"no table")
    with pytest.raises(UsageError, match="is no manifest of synthetic clips"):
        Manifest(tmp_path)
    pl.DataFrame({"price": [1]}).write_parquet(path)
    with pytest.raises(UsageError, match="is no manifest of synthetic clips"):
        Manifest(tmp_path)
