"""``index.parquet``: one row per item, for any tool that reads tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from sonoloop.data.dataset_item import DatasetItem


def index_rows(items: Sequence[DatasetItem], spans_s: Sequence[float]) -> list[dict[str, Any]]:
    """Describe the items.

    Args:
        items: The items in store order.
        spans_s: Seconds a clip of each stands for.

    Returns:
        One row per item; manifest columns follow the dataset's own, under ``manifest_...``.
    """
    names = sorted({name for item in items for name in item.source.columns})
    rows = []
    for item, span_s in zip(items, spans_s, strict=True):
        prepared = item.prepared
        is_video = prepared.kind == "video"
        own = {
            "item_id": item.source.item_id,
            "label": item.source.label,
            "group_id": item.group_id,
            "split": item.side,
            "kind": prepared.kind,
            "num_frames": prepared.num_frames,
            "frame_rate_hz": prepared.frame_rate_hz,
            "duration_s": prepared.duration_s if is_video else None,
            "clip_span_s": span_s if is_video else None,
            "first_frame": item.source.first_frame,
            "source_height": prepared.source_height,
            "source_width": prepared.source_width,
            "scan_height": prepared.scan_height,
            "scan_width": prepared.scan_width,
            "pixel_height_mm": prepared.pixel_spacing_mm[0] if prepared.pixel_spacing_mm else None,
            "pixel_width_mm": prepared.pixel_spacing_mm[1] if prepared.pixel_spacing_mm else None,
            "warnings": "; ".join(prepared.warnings),
        }
        rows.append(own | {f"manifest_{name}": item.source.columns.get(name) for name in names})
    return rows


_TYPES = {
    "label": pl.String,
    "frame_rate_hz": pl.Float64,
    "duration_s": pl.Float64,
    "clip_span_s": pl.Float64,
    "pixel_height_mm": pl.Float64,
    "pixel_width_mm": pl.Float64,
}


def write_index(path: Path, items: Sequence[DatasetItem], spans_s: Sequence[float]) -> None:
    """Write the table.

    Args:
        path: The file.
        items: The items in store order.
        spans_s: Seconds a clip of each stands for.
    """
    rows = index_rows(items, spans_s)
    table = pl.DataFrame(rows, schema_overrides=_TYPES, infer_schema_length=None)
    table.write_parquet(path)
