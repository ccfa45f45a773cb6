"""Read Parquet tables; a damaged one is an error like any other."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def read_parquet(
    source: Path | io.BytesIO, *, columns: Sequence[str] | None = None
) -> "pl.DataFrame":
    """Read a table.

    Polars panics where the pages of a file contradict each other, and its panic is no
    ``Exception``: it would pass every handler for damaged files and end the run.

    Args:
        source: The file, or its content.
        columns: The columns wanted; None for all.

    Raises:
        OSError: If the file cannot be read.
        PolarsError: If it is damaged, no Parquet file, or lacks a column.
    """
    import polars as pl  # noqa: PLC0415 - half a second, and not every command needs it

    try:
        return pl.read_parquet(source, columns=None if columns is None else list(columns))
    except pl.exceptions.PanicException as error:
        msg = "its pages contradict each other"
        raise pl.exceptions.ComputeError(msg) from error
