"""An index may be written by anybody."""

import pytest

from sonoloop.data.stored_item import StoredItem, parse_items

ENTRY = {
    "item_id": "a.mp4",
    "label": None,
    "group_id": "p1",
    "kind": "video",
    "shard": 0,
    "first_frame": 0,
    "num_frames": 16,
}


def test_what_was_written_is_read() -> None:
    """As JSON gives it."""
    assert parse_items([ENTRY]) == [StoredItem("a.mp4", None, "p1", "video", 0, 0, 16)]


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ("x", "items: Input should be a valid list"),
        ([{**ENTRY, "num_frames": 0}], r"items\[0\]\[num_frames\]: .* greater than or equal to 1"),
        ([{**ENTRY, "shard": -1}], r"items\[0\]\[shard\]: .* greater than or equal to 0"),
        ([{**ENTRY, "first_frame": "0"}], r"items\[0\]\[first_frame\]: .* valid integer"),
        ([{**ENTRY, "kind": "game"}], r"items\[0\]\[kind\]: .* 'video' or 'still'"),
        ([{**ENTRY, "file": "../x"}], r"items\[0\]\[file\]: .* not permitted"),
        ([ENTRY, ENTRY], "two items have one id"),
    ],
)
def test_what_cannot_be_true_is_refused(entries: object, sentence: str) -> None:
    """With the field."""
    with pytest.raises(ValueError, match=sentence):
        parse_items(entries)
