"""Damaged tables are errors that every reader of tables expects."""

import io
from pathlib import Path

import polars as pl
import pytest

from sonoloop.parquet_files import read_parquet


def test_tables_are_read(tmp_path: Path) -> None:
    """From files and from memory, all columns or some."""
    table = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    table.write_parquet(tmp_path / "a.parquet")
    assert read_parquet(tmp_path / "a.parquet").equals(table)
    content = io.BytesIO((tmp_path / "a.parquet").read_bytes())
    assert read_parquet(content, columns=["b"]).equals(table.select("b"))


def test_a_panic_of_polars_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no Exception, and went past every handler (found by fuzzing manifests)."""
    assert not issubclass(pl.exceptions.PanicException, Exception)

    def panic(*_: object, **__: object) -> None:
        message = "assertion failed: offset + length <= self.length"
        raise pl.exceptions.PanicException(message)

    monkeypatch.setattr(pl, "read_parquet", panic)
    with pytest.raises(pl.exceptions.PolarsError, match="its pages contradict each other"):
        read_parquet(tmp_path / "a.parquet")


def test_other_errors_stay(tmp_path: Path) -> None:
    """Of files that are missing or no tables."""
    with pytest.raises(FileNotFoundError):
        read_parquet(tmp_path / "missing.parquet")
    (tmp_path / "text.parquet").write_text("no table")
    with pytest.raises(pl.exceptions.PolarsError):
        read_parquet(tmp_path / "text.parquet")
