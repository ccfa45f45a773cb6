"""The index has a row per item and keeps the manifest's columns."""

from pathlib import Path

import polars as pl

from sonoloop.data.catalog import CatalogItem
from sonoloop.data.dataset_item import DatasetItem
from sonoloop.data.index_table import index_rows, write_index
from sonoloop.data.item_preparation import PreparedItem

VIDEO = PreparedItem(
    key="k",
    kind="video",
    num_frames=50,
    source_height=100,
    source_width=200,
    scan_height=90,
    scan_width=180,
    frame_rate_hz=25.0,
    duration_s=1.96,
    pixel_spacing_mm=(0.1, 0.2),
    warnings=("dark", "late"),
    hashes=("00",),
)


def test_rows_hold_what_is_known(tmp_path: Path) -> None:
    """Manifest columns under their own prefix; what an item lacks is null."""
    items = [
        DatasetItem(
            CatalogItem("a", Path("a"), "x", "p1", columns={"licence": "CC BY"}),
            VIDEO,
            "p0",
            "train",
        ),
        DatasetItem(CatalogItem("b", Path("b"), None, "p2"), VIDEO, "p2", "test"),
    ]
    write_index(tmp_path / "index.parquet", items, [1.92, 1.92])
    table = pl.read_parquet(tmp_path / "index.parquet")
    assert table.to_dicts() == index_rows(items, [1.92, 1.92])
    assert table["group_id"].to_list() == ["p0", "p2"]
    assert table["manifest_licence"].to_list() == ["CC BY", None]
    assert table["warnings"][0] == "dark; late"
    assert table.row(0, named=True)["pixel_width_mm"] == 0.2


def test_an_index_without_labels_keeps_its_types(tmp_path: Path) -> None:
    """A column of nothing is still text."""
    items = [DatasetItem(CatalogItem("b", Path("b"), None, "p2"), VIDEO, "p2", "test")]
    write_index(tmp_path / "index.parquet", items, [1.92])
    assert pl.read_parquet_schema(tmp_path / "index.parquet")["label"] == pl.String
