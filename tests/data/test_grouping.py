"""Groups that share a member become one."""

from hypothesis import given
from hypothesis import strategies as st

from sonoloop.data.grouping import merge_groups, pairs_of_equals


def test_chains_join() -> None:
    """10-9 and 9-2 make one group, named after the first in natural order."""
    groups = ["p10", "p9", "p2", "p3", "p9"]
    assert merge_groups(groups, [(0, 1), (4, 2)]) == ["p2", "p2", "p2", "p3", "p2"]


def test_nothing_to_join_leaves_groups_alone() -> None:
    """Without pairs the groups are those given."""
    assert merge_groups(["b", "a"], []) == ["b", "a"]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_order_of_pairs_does_not_matter(pairs: list[tuple[int, int]]) -> None:
    """So the same input gives the same groups."""
    groups = [f"g{number}" for number in range(10)]
    assert merge_groups(groups, pairs) == merge_groups(groups, [(b, a) for a, b in pairs[::-1]])


def test_equal_keys_are_paired_with_the_first() -> None:
    """None joins nothing."""
    assert pairs_of_equals(["x", None, "y", "x", None, "x"]) == [(0, 3), (0, 5)]
