"""One item of a dataset with everything decided about it, and near-duplicates among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sonoloop.data.catalog import CatalogItem
from sonoloop.data.duplicates import Hashes, NearDuplicate, near_duplicates
from sonoloop.data.grouping import merge_groups
from sonoloop.data.item_preparation import PreparedItem
from sonoloop.data.splits import SPLIT_NAMES, SplitName, split_groups


@dataclass(frozen=True)
class DatasetItem:
    """An item with everything decided about it.

    Args:
        source: What the catalogue says.
        prepared: What its file gave.
        group_id: Final group, near-duplicates joined.
        side: Its side of the split.
    """

    source: CatalogItem
    prepared: PreparedItem
    group_id: str
    side: SplitName


class DuplicatePair(NamedTuple):
    """Near-duplicates across groups or labels, as reported.

    Args:
        one: Id of the first item.
        other: Id of the second item.
        differing_bits: Of their perceptual hashes, out of 256.
        labels_differ: Whether the two have different labels: one of them is wrong.
        groups_differ: Whether they came with different groups, which are joined now.
    """

    one: str
    other: str
    differing_bits: int
    labels_differ: bool
    groups_differ: bool


def unpack_hashes(prepared: PreparedItem) -> Hashes:
    """Turn the recorded hex digits back into bits."""
    return np.array([list(bytes.fromhex(row)) for row in prepared.hashes], dtype=np.uint8)


def find_near_duplicates(items: Sequence[PreparedItem]) -> list[NearDuplicate]:
    """Compare all items by their recorded hashes."""
    hashes = [unpack_hashes(item) for item in items]
    return near_duplicates(hashes, [item.kind for item in items])


def decide(
    usable: Sequence[tuple[CatalogItem, PreparedItem]],
    *,
    ratios: tuple[float, float, float],
    seed: int,
) -> tuple[list[DatasetItem], list[DuplicatePair]]:
    """Join near-duplicates into groups and divide the groups into sides.

    Args:
        usable: The items that gave frames.
        ratios: Shares of train, validation and test.
        seed: Of the split.

    Returns:
        The items in their order, and the near-duplicates across groups or labels.
    """
    sources = [source for source, _ in usable]
    duplicates = find_near_duplicates([prepared for _, prepared in usable])
    group_ids = merge_groups(
        [source.group_id for source in sources],
        [(duplicate.one, duplicate.other) for duplicate in duplicates],
    )
    sides = split_groups(
        group_ids,
        [f"{prepared.kind} {source.label}" for source, prepared in usable],
        ratios=ratios,
        seed=seed,
    )
    items = [
        DatasetItem(source, prepared, group_id, side)
        for (source, prepared), group_id, side in zip(usable, group_ids, sides, strict=True)
    ]
    pairs = [
        DuplicatePair(
            one=sources[found.one].item_id,
            other=sources[found.other].item_id,
            differing_bits=found.differing_bits,
            labels_differ=sources[found.one].label != sources[found.other].label,
            groups_differ=sources[found.one].group_id != sources[found.other].group_id,
        )
        for found in duplicates
    ]
    return items, [pair for pair in pairs if pair.labels_differ or pair.groups_differ]


def empty_sides(
    items: Sequence[DatasetItem], ratios: tuple[float, float, float]
) -> list[SplitName]:
    """Name the sides that were to have a share and got no group, for want of groups.

    Args:
        items: As divided.
        ratios: Shares of train, validation and test.
    """
    filled = {item.side for item in items}
    shares = zip(SPLIT_NAMES, ratios, strict=True)
    return [side for side, share in shares if share > 0 and side not in filled]
