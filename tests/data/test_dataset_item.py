"""Near-duplicates are reported, joined, and lie on one side."""

from pathlib import Path

import numpy as np

from sonoloop.data.catalog import CatalogItem
from sonoloop.data.dataset_item import decide, empty_sides, find_near_duplicates, unpack_hashes
from sonoloop.data.item_preparation import PreparedItem


def prepared(bits: np.ndarray) -> PreparedItem:
    """Make a still with the given hash."""
    return PreparedItem(
        key="k",
        kind="still",
        num_frames=1,
        source_height=64,
        source_width=64,
        scan_height=64,
        scan_width=64,
        frame_rate_hz=None,
        duration_s=0.0,
        pixel_spacing_mm=None,
        warnings=(),
        hashes=(np.packbits(bits).tobytes().hex(),),
    )


def catalogued(name: str, label: str, group: str) -> CatalogItem:
    """Make an item as a catalogue lists it."""
    return CatalogItem(name, Path(name), label, group)


def test_copies_across_labels_and_groups_are_reported_and_joined() -> None:
    """A copy in the same group and class is not worth a word."""
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2, (6, 256))
    hashes[3] = hashes[0]
    hashes[3, :4] ^= 1  # 4 bits from item 0
    hashes[5] = hashes[4]
    usable = [
        (catalogued("a", "benign", "g1"), prepared(hashes[0])),
        (catalogued("b", "benign", "g2"), prepared(hashes[1])),
        (catalogued("c", "benign", "g3"), prepared(hashes[2])),
        (catalogued("d", "malignant", "g4"), prepared(hashes[3])),
        (catalogued("e", "benign", "g5"), prepared(hashes[4])),
        (catalogued("f", "benign", "g5"), prepared(hashes[5])),
    ]
    items, pairs = decide(usable, ratios=(0.5, 0.25, 0.25), seed=0)
    (pair,) = pairs
    assert (pair.one, pair.other, pair.differing_bits) == ("a", "d", 4)
    assert pair.labels_differ
    assert pair.groups_differ
    assert [item.group_id for item in items] == ["g1", "g2", "g3", "g1", "g5", "g5"]
    assert items[0].side == items[3].side
    assert len(find_near_duplicates([item.prepared for item in items])) == 2


def test_hashes_come_back() -> None:
    """From hex digits to bits."""
    bits = np.random.default_rng(1).integers(0, 2, 256)
    np.testing.assert_array_equal(np.unpackbits(unpack_hashes(prepared(bits))), bits)


def test_a_side_for_which_no_group_is_left_is_named() -> None:
    """Not one that was to have no share."""
    hashes = np.random.default_rng(0).integers(0, 2, (2, 256))
    usable = [(catalogued(f"{n}.png", "a", f"p{n}"), prepared(hashes[n])) for n in range(2)]
    items, _ = decide(usable, ratios=(0.5, 0.3, 0.2), seed=0)
    assert empty_sides(items, (0.5, 0.3, 0.2)) == ["test"]
    assert empty_sides(items, (0.5, 0.5, 0.0)) == []
