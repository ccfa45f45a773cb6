"""Training, validation and test sides, divided between groups and never inside one.

A group is what must not be torn apart: a patient, merged with near-duplicates and with files of
one series. Everything is chosen on validation; test is opened once per recorded configuration.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError

from sonoloop.errors import UsageError

SplitName = Literal["train", "validation", "test"]
SPLIT_NAMES: tuple[SplitName, ...] = get_args(SplitName)
SPLIT_FORMAT = 1
_SIDES = TypeAdapter(dict[str, SplitName])

_MAX_PASSES = 20
_LEAST_GAIN = 1e-9
_MAX_PARTNERS = 500
_NAMED_LEAKS = 3


def parse_ratios(text: str) -> tuple[float, float, float]:
    """Read "0.7,0.15,0.15" as the shares of train, validation and test.

    Args:
        text: Three numbers with commas between; they sum to 1, train is above 0.

    Raises:
        UsageError: If they are not.
    """
    try:
        train, validation, test = (float(part) for part in text.split(","))
    except ValueError:
        msg = f"--split {text}: give three numbers, train,validation,test, such as 0.7,0.15,0.15"
        raise UsageError(msg) from None
    ratios = train, validation, test
    if not all(map(math.isfinite, ratios)) or min(ratios) < 0 or not math.isclose(sum(ratios), 1):
        msg = f"--split {text}: sums to {sum(ratios):g}; give three shares that sum to 1"
        raise UsageError(msg)
    if train == 0:
        msg = f"--split {text}: nothing to train on; give train a share above 0"
        raise UsageError(msg)
    return ratios


def split_groups(
    group_ids: Sequence[str],
    strata: Sequence[str],
    *,
    ratios: tuple[float, float, float],
    seed: int,
) -> list[SplitName]:
    """Assign items to sides, whole groups at a time, each stratum near its ratio.

    Minimises sum over sides s and strata k of (count[s, k] - ratio[s] * total[k])^2 / total[k]:
    groups go in random order to the side that needs them most, then move and swap while it helps.

    Args:
        group_ids: Group of each item.
        strata: What to keep balanced, one name per item (its label).
        ratios: Shares of train, validation and test, summing to 1.
        seed: Of the order in which groups are placed.

    Returns:
        The side of each item.
    """
    return [SPLIT_NAMES[side] for side in balanced_sides(group_ids, strata, ratios, seed=seed)]


def balanced_sides(
    group_ids: Sequence[str], strata: Sequence[str], ratios: Sequence[float], *, seed: int
) -> npt.NDArray[np.intp]:
    """Assign items to any number of sides, as ``split_groups`` does to three.

    Args:
        group_ids: Group of each item.
        strata: What to keep balanced, one name per item.
        ratios: Share of each side, summing to 1; one of share 0 stays empty.
        seed: Of the order in which groups are placed.

    Returns:
        Number of the side of each item.
    """
    groups, group_of_item = np.unique(np.asarray(group_ids, dtype=str), return_inverse=True)
    names, stratum_of_item = np.unique(np.asarray(strata, dtype=str), return_inverse=True)
    counts = np.zeros((len(groups), len(names)))
    np.add.at(counts, (group_of_item, stratum_of_item), 1)
    order = np.random.default_rng(seed).permutation(len(groups))
    # Two more columns balance the sides as wholes: items, so that many small strata cannot tilt
    # them, and groups, so that large groups do not all gather on one side.
    totals = counts.sum(axis=1, keepdims=True)
    counts = np.concatenate([counts, totals, np.ones_like(totals)], axis=1)
    sides = _refine(counts, _place(counts, ratios, order), ratios, order)
    chosen: npt.NDArray[np.intp] = sides[group_of_item]
    return chosen


Counts = npt.NDArray[np.float64]
Sides = npt.NDArray[np.intp]


def _targets(counts: Counts, ratios: Sequence[float]) -> Counts:
    return np.outer(ratios, counts.sum(axis=0))


def _place(counts: Counts, ratios: Sequence[float], order: Sides) -> Sides:
    """Give each group to the side whose squared error it lowers most."""
    missing = _targets(counts, ratios)
    weight = 1 / counts.sum(axis=0)
    sides = np.zeros(len(counts), dtype=np.intp)
    for group in order:
        # (m - c)^2 - m^2 per side and stratum: the change of the error.
        change = ((counts[group] - 2 * missing) * counts[group] * weight).sum(axis=1)
        change[np.asarray(ratios) == 0] = np.inf
        sides[group] = change.argmin()
        missing[sides[group]] -= counts[group]
    return sides


def _refine(counts: Counts, sides: Sides, ratios: Sequence[float], order: Sides) -> Sides:
    """Move or swap groups while that lowers the error."""
    weight = 1 / counts.sum(axis=0)
    missing = _targets(counts, ratios)
    np.subtract.at(missing, sides, counts)
    usable = np.flatnonzero(np.asarray(ratios) > 0)
    nothing = np.zeros((1, counts.shape[1]))

    def improve(group: int) -> bool:
        here = sides[group]
        for there in usable[usable != here]:
            partners = np.flatnonzero(sides == there)[:_MAX_PARTNERS]
            given = np.concatenate([nothing, counts[partners]])  # row 0: a move, else a swap
            moved = counts[group] - given
            before = missing[here] ** 2 + missing[there] ** 2
            after = (missing[here] + moved) ** 2 + (missing[there] - moved) ** 2
            change = ((after - before) * weight).sum(axis=1)
            if not (sides == here).sum() > 1:
                change[0] = np.inf  # no side is left empty
            best = int(change.argmin())
            if change[best] < -_LEAST_GAIN:
                missing[here] += moved[best]
                missing[there] -= moved[best]
                sides[group] = there
                if best:
                    sides[partners[best - 1]] = here
                return True
        return False

    for _ in range(_MAX_PASSES):
        num_improved = sum(improve(int(group)) for group in order)
        if not num_improved:
            break
    return sides


def write_split(
    path: Path,
    sides: Mapping[str, SplitName],
    *,
    ratios: tuple[float, float, float],
    seed: int,
) -> None:
    """Write ``split.json``: the side of every item and how it was drawn.

    Args:
        path: The file.
        sides: Side of each item by its id.
        ratios: Shares asked for.
        seed: Seed used.
    """
    described = {
        "format": SPLIT_FORMAT,
        "seed": seed,
        "ratios": dict(zip(SPLIT_NAMES, ratios, strict=True)),
        "items": dict(sides),
    }
    path.write_text(json.dumps(described, indent=1) + "\n")


def read_split(path: Path) -> dict[str, SplitName]:
    """Read the side of every item.

    Args:
        path: A ``split.json``.

    Raises:
        UsageError: If the file is missing, damaged or names another side.
    """
    remedy = "run 'sonoloop data prepare' again"
    try:
        described: dict[str, Any] = json.loads(path.read_text())
        return parse_sides(described["items"])
    except FileNotFoundError:
        msg = f"{path}: missing; {remedy}"
        raise UsageError(msg) from None
    except (ValueError, TypeError, KeyError, RecursionError, OSError) as error:
        msg = f"{path}: not a readable split ({error}); {remedy}"
        raise UsageError(msg) from error


def parse_sides(sides: object) -> dict[str, SplitName]:
    """Read sides that anybody may have written.

    Args:
        sides: Side by item, as JSON gives it.

    Raises:
        ValueError: If it is something else, or there is no such side.
    """
    try:
        return _SIDES.validate_python(sides, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "literal_error":
            msg = f"unknown side {first['input']!r}; use one of {', '.join(SPLIT_NAMES)}"
            raise ValueError(msg) from error
        msg = f"items{''.join(f'[{place}]' for place in first['loc'])}: {first['msg']}"
        raise ValueError(msg) from error


def leaking_groups(
    group_of_item: Mapping[str, str], sides: Mapping[str, SplitName]
) -> dict[str, list[SplitName]]:
    """Find the groups that lie on more than one side.

    Args:
        group_of_item: Group of each item by its id.
        sides: Side of each item by its id.

    Returns:
        The sides of each torn group, by group.
    """
    found: dict[str, set[SplitName]] = {}
    for item_id, group_id in group_of_item.items():
        found.setdefault(group_id, set()).add(sides[item_id])
    return {
        group_id: [name for name in SPLIT_NAMES if name in names]
        for group_id, names in found.items()
        if len(names) > 1
    }


def refuse_leaks(
    group_of_item: Mapping[str, str], sides: Mapping[str, SplitName], dataset: Path
) -> None:
    """Refuse a split that tears groups apart or does not cover the items.

    Args:
        group_of_item: Group of each item by its id.
        sides: Side of each item by its id.
        dataset: The dataset, for the message.

    Raises:
        UsageError: Naming the items or groups and what to do.
    """
    remedy = "run 'sonoloop data prepare' again or mend split.json"
    uncovered = sorted(set(group_of_item) ^ set(sides))
    if uncovered:
        msg = (
            f"{dataset}: split.json and store differ in {len(uncovered)} items, "
            f"such as {uncovered[0]}; {remedy}"
        )
        raise UsageError(msg)
    leaks = leaking_groups(group_of_item, sides)
    if leaks:
        named = "; ".join(
            f"{group_id} in {' and '.join(names)}"
            for group_id, names in sorted(leaks.items())[:_NAMED_LEAKS]
        )
        msg = f"{dataset}: the split leaks, {len(leaks)} groups are torn ({named}); {remedy}"
        raise UsageError(msg)
