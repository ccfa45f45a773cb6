"""Joining what belongs together: groups that share a series, a patient or near-equal frames."""

from collections.abc import Iterable, Sequence

from sonoloop.data.frame_folders import natural_key


def merge_groups(group_ids: Sequence[str], pairs: Iterable[tuple[int, int]]) -> list[str]:
    """Join the groups of items that were found to belong together.

    Args:
        group_ids: Group of each item.
        pairs: Numbers of two items whose groups become one; chains join as well.

    Returns:
        Group of each item; a joined group is named after its first member in natural order.
    """
    names = sorted(set(group_ids), key=lambda name: (natural_key(name), name))
    rank = {name: number for number, name in enumerate(names)}
    parent = list(range(len(names)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for one, other in pairs:
        low, high = sorted((root(rank[group_ids[one]]), root(rank[group_ids[other]])))
        parent[high] = low
    return [names[root(rank[name])] for name in group_ids]


def pairs_of_equals(keys: Sequence[str | None]) -> list[tuple[int, int]]:
    """List pairs that join all items with the same key.

    Args:
        keys: Key of each item; None joins nothing.

    Returns:
        The first item of each key paired with each later one.
    """
    first: dict[str, int] = {}
    return [
        (first.setdefault(key, number), number)
        for number, key in enumerate(keys)
        if key is not None and first.setdefault(key, number) != number
    ]
