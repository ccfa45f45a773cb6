"""The first thing a user runs."""

from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from sonoloop.recipes.demo import NUM_LOOPS, demo


@pytest.mark.parametrize("phantom", [False, True])
def test_four_loops_and_where_they_are(
    tmp_path: Path, model_folder: Path, *, phantom: bool
) -> None:
    """mp4, gif, strip and manifest are written and named, with the time of each loop."""
    text = StringIO()
    screen = Console(file=text, width=200)
    result = demo(tmp_path, phantom=phantom, model=str(model_folder), console=screen)
    assert not result.failures
    table = pl.read_parquet(tmp_path / "manifest.parquet")
    assert table.height == NUM_LOOPS
    size = (256, 256) if phantom else (240, 320)
    said = text.getvalue()
    for row in table.iter_rows(named=True):
        assert (row["height"], row["width"]) == size
        assert row["mp4"] in said
        assert f"{row['seconds']:.2f} s" in said
        for kind in ("mp4", "gif", "strip"):
            assert (tmp_path / row[kind]).stat().st_size > 1000
    assert "_strip.png" in said
    assert "manifest.csv" in said
