"""What a layout's reader finds."""

from pathlib import Path

from sonoloop.data.catalog import Catalog, CatalogItem, Dropped


def test_what_is_left_out_on_purpose_is_no_failure() -> None:
    """Errata do not change the exit status; a missing file does, and says so."""
    assert not Dropped("a", "erratum").is_failure
    assert Dropped("a", "no such file", is_failure=True).is_failure


def test_an_item_begins_at_its_first_frame_by_default() -> None:
    """And a catalogue may hold nothing but items."""
    item = CatalogItem("a.mp4", Path("a.mp4"), None, "file=a.mp4")
    assert (item.first_frame, dict(item.columns)) == (0, {})
    assert Catalog("generic", (item,)).dropped == ()
