"""The page shows counts, figures, pictures, and everything left out."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from sonoloop.data.catalog import Catalog, CatalogItem, Dropped
from sonoloop.data.config import ClipConfig
from sonoloop.data.dataset_item import DatasetItem, DuplicatePair
from sonoloop.data.item_preparation import PreparedItem
from sonoloop.data.quality_page import QualityReport, quality_page

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
    pixel_spacing_mm=None,
    warnings=("frame times are missing",),
    hashes=("00",),
)


def make_report() -> QualityReport:
    """Four videos of two classes, of which two are near-duplicates."""
    items = [
        DatasetItem(
            CatalogItem(f"{label}/{n}.mp4", Path(f"/home/Jane Doe/{n}.mp4"), label, f"p{n}"),
            VIDEO,
            f"p{n}",
            "train" if n < 3 else "test",
        )
        for n, label in enumerate(["benign", "benign", "malignant", "malignant"])
    ]
    return QualityReport(
        catalog=Catalog("generic", (), notes=("an erratum was applied",)),
        items=items,
        dropped=[
            Dropped("<bad>.mp4", "the file is empty (0 bytes)", is_failure=True),
            Dropped("c.mp4", "has 3 frames"),
        ],
        duplicates=[
            DuplicatePair(
                "benign/1.mp4", "malignant/2.mp4", 7, labels_differ=True, groups_differ=True
            )
        ],
        spans_s=[1.92, 1.0, 3.2, 1.92],
        config=ClipConfig(),
        first_frame=lambda number: np.full((64, 64), 40 * number, dtype=np.uint8),
    )


def test_everything_asked_for_is_there() -> None:
    """Counts, short videos, reasons, warnings, near-duplicates, notes."""
    page = quality_page(make_report())
    assert "4 videos and 0 stills in 4 groups, 200 frames" in page
    assert "2 recordings left out, 1 of them unreadable" in page
    assert "of 4 videos 1 cannot fill it and give what they have, 1 are so slow that" in page
    assert "1 near-duplicate pair across groups or labels" in page
    assert "an erratum was applied" in page
    assert "the file is empty (0 bytes)" in page
    assert "labels contradict: one is wrong" in page
    assert "frame times are missing" in page
    assert page.count("<svg") == 6
    assert page.count("<figure>") == 4
    assert "<td>benign</td><td>video</td><td>2 (2)</td><td>0 (0)</td><td>0 (0)</td>" in page


def test_the_page_stands_alone_and_names_no_folder() -> None:
    """No address outside, no script, no source path, file names escaped."""
    page = quality_page(make_report())
    assert "http" not in page
    assert "<script" not in page
    assert "Jane Doe" not in page
    assert "&lt;bad&gt;.mp4" in page
    assert "<bad>" not in page


def test_the_same_report_gives_the_same_page() -> None:
    """No date, no duration of the run."""
    assert quality_page(make_report()) == quality_page(make_report())


def test_a_page_with_nothing_left_out_says_so() -> None:
    """And stills have no rates to draw."""
    report = make_report()
    stills = [
        replace(item, prepared=replace(VIDEO, kind="still", frame_rate_hz=None, warnings=()))
        for item in report.items
    ]
    page = quality_page(replace(report, items=stills, dropped=[], duplicates=[]))
    assert "<h2>Left out</h2><p>nothing</p>" in page
    assert page.count("<svg") == 4
    assert "Noticed while reading" not in page
