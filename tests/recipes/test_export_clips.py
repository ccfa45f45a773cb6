"""Clips and stills of a dataset as files."""

from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

from sonoloop.evaluation.clip_sets import folder_clips
from sonoloop.recipes.export_clips import export_clips


def test_stills_are_the_clips_first_frames(dataset: Path, tmp_path: Path) -> None:
    """Four training videos; the manifest names file, still, item, group and label."""
    assert export_clips(dataset, tmp_path / "out", split="train") == 4
    table = pl.read_csv(tmp_path / "out" / "manifest.csv")
    assert table.columns == ["file", "still", "item", "group", "label"]
    for row in table.iter_rows(named=True):
        clip = np.load(tmp_path / "out" / row["file"])
        with Image.open(tmp_path / "out" / row["still"]) as still:
            np.testing.assert_array_equal(np.asarray(still), clip[0])
    assert table["group"].to_list() == [f"group-{number}" for number in range(4)]
    assert len(folder_clips(tmp_path / "out" / "clips")) == 4
