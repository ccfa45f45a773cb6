"""``sonoloop data check``: whether a dataset is whole and its split keeps groups apart."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from sonoloop.checksums import damaged_files
from sonoloop.data.dataset_item import find_near_duplicates
from sonoloop.data.item_preparation import PreparedItem
from sonoloop.data.pack import PackedStore
from sonoloop.data.splits import SplitName, leaking_groups, read_split
from sonoloop.data.store import Store
from sonoloop.data.stored_item import StoredItem
from sonoloop.errors import SonoloopError, UsageError
from sonoloop.parquet_files import read_parquet

INDEX_FILE: Final = "index.parquet"
PREPARE_FILE: Final = "prepare.json"
STORE_FILE: Final = "store/store.json"


@dataclass(frozen=True)
class CheckResult:
    """What was found.

    Args:
        num_items: Items in the store.
        num_groups: Groups they form.
        counts: Items per (side, kind, label).
        problems: One sentence each; empty where all is well.
    """

    num_items: int
    num_groups: int
    counts: dict[tuple[str, str, str], int]
    problems: tuple[str, ...]


def check(dataset: Path) -> CheckResult:
    """Verify checksums, that all files speak of the same items, and that nothing leaks.

    Args:
        dataset: Folder of ``sonoloop data prepare`` or file of ``sonoloop data pack``, which has
            neither index nor hashes to compare.

    Returns:
        Counts and problems.

    Raises:
        UsageError: If it is no dataset.
        SonoloopError: If the store's index or the pack is damaged.
    """
    if dataset.is_file():
        packed = PackedStore.open(dataset)
        groups = {item.item_id: item.group_id for item in packed.items}
        return _result(packed.items, packed.sides, _leaks(groups, packed.sides))
    if not dataset.is_dir():
        msg = f"{dataset}: no such dataset; make one with 'sonoloop data prepare'"
        raise UsageError(msg)
    store = _open_store(dataset)
    sides = read_split(dataset / "split.json")
    groups = {item.item_id: item.group_id for item in store.items}
    damaged = [*damaged_files(dataset), *(f"store/{name}" for name in store.damaged_files())]
    problems = [f"{name} differs from its checksum" for name in damaged]
    problems += _leaks(groups, sides)
    if INDEX_FILE not in damaged:  # what a damaged file says means nothing
        problems += _other_items(dataset, set(groups), set(sides))
    if PREPARE_FILE not in damaged:
        problems += _torn_near_duplicates(dataset, sides)
    if problems:
        problems.append("run 'sonoloop data prepare' again, with another --out to keep this one")
    return _result(store.items, sides, problems)


def _open_store(dataset: Path) -> Store:
    """Open the store; what its damaged description makes of the shards is no fault of theirs."""
    try:
        return Store.open(dataset / "store")
    except SonoloopError as error:
        if STORE_FILE not in damaged_files(dataset, [STORE_FILE]):
            raise
        msg = f"{dataset / STORE_FILE} differs from its checksum; prepare the dataset again"
        raise SonoloopError(msg) from error


def _result(
    items: Sequence[StoredItem], sides: dict[str, SplitName], problems: Sequence[str]
) -> CheckResult:
    return CheckResult(
        num_items=len(items),
        num_groups=len({item.group_id for item in items}),
        counts=Counter(
            (sides.get(item.item_id, "no side"), item.kind, item.label or "(no label)")
            for item in items
        ),
        problems=tuple(problems),
    )


def _leaks(groups: dict[str, str], sides: dict[str, SplitName]) -> list[str]:
    """Name the groups that lie on several sides."""
    covered = {item_id: group for item_id, group in groups.items() if item_id in sides}
    torn = leaking_groups(covered, sides)
    return [f"leak: group {group_id} lies in {' and '.join(torn[group_id])}" for group_id in torn]


def _other_items(dataset: Path, stored: set[str], split: set[str]) -> list[str]:
    """Compare the items of split and index with those of the store."""
    problems = []
    listed = {"split.json": split}
    try:
        listed[INDEX_FILE] = set(read_parquet(dataset / INDEX_FILE)["item_id"])
    except (OSError, pl.exceptions.PolarsError) as error:
        problems.append(f"{INDEX_FILE} cannot be read ({error})")
    for name, items in listed.items():
        different = sorted(stored ^ items)
        if different:
            problems.append(
                f"{name} and the store differ in {len(different)} items, such as {different[0]}"
            )
    return problems


def _torn_near_duplicates(dataset: Path, sides: dict[str, SplitName]) -> list[str]:
    """Compare all recorded hashes anew: the split may have been edited by hand."""
    try:
        entries = json.loads((dataset / PREPARE_FILE).read_text())["items"]
        names = [str(entry["item_id"]) for entry in entries]
        items = [PreparedItem.from_json(entry["prepared"]) for entry in entries]
        pairs = find_near_duplicates(items)
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [f"{PREPARE_FILE} cannot be read ({error})"]
    problems = []
    for pair in pairs:
        one, other = names[pair.one], names[pair.other]
        if sides.get(one) != sides.get(other):
            problems.append(
                f"leak: {one} ({sides.get(one)}) and {other} ({sides.get(other)}) are "
                f"near-duplicates, {pair.differing_bits} of 256 bits differ"
            )
    return problems
