"""A value with its interval and its n."""

from pathlib import Path

import pytest

from sonoloop.evaluation.clip_sets import ClipCollection, ClipSource
from sonoloop.recipes.evaluation import values
from sonoloop.recipes.evaluation.values import value_of_clips, value_of_sets


def clips(count: int, num_groups: int) -> ClipCollection:
    """Return clips that are never read."""
    sources = [
        ClipSource(str(n), f"patient {n % num_groups}", str(n), (16, 32, 32), lambda: None)  # type: ignore[arg-type, return-value]
        for n in range(count)
    ]
    return ClipCollection(Path("x"), tuple(sources))


def test_a_distance_of_sets_has_an_interval_around_it() -> None:
    """Here the mean place of what was drawn, whose expectation is known."""
    real = clips(40, 20)
    value = value_of_sets("synthetic", real, real, lambda ours, _: float(ours.mean()), seed=0)
    assert value.value == 19.5
    assert value.low is not None
    assert value.high is not None
    assert 12 < value.low < 19.5 < value.high < 27
    assert (value.num_clips, value.num_reference_clips) == (40, 40)


def test_an_interval_ends_where_no_value_can_be() -> None:
    """A distance is not below 0, a kernel's estimate may be."""
    real = clips(10, 10)
    found = [
        value_of_sets("synthetic", real, real, lambda o, _: float(o.mean() > 4), seed=0, lowest=end)
        for end in (0.0, -10.0)
    ]
    assert found[0].low == 0
    assert found[1].low is not None
    assert found[1].low < 0


@pytest.mark.parametrize(("num_groups", "with_interval"), [(4, True), (20, False)])
def test_the_value_stands_without_an_interval(num_groups: int, *, with_interval: bool) -> None:
    """With too few patients, or where draws would take too long."""
    real = clips(40, num_groups)
    value = value_of_sets(
        "synthetic", real, real, lambda _, theirs: len(theirs), seed=0, with_interval=with_interval
    )
    assert (value.value, value.low, value.high) == (40, None, None)


def test_many_clips_are_drawn_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 draws and the value itself."""
    monkeypatch.setattr(values, "MANY_CLIPS", 40)
    calls: list[int] = []
    real = clips(40, 20)
    value_of_sets("synthetic", real, real, lambda ours, _: calls.append(len(ours)) or 1.0, seed=0)
    assert 200 <= len(calls) <= 202


def test_a_mean_of_clips_has_an_interval_over_patients() -> None:
    """One number a clip; two patients give none."""
    value = value_of_clips("synthetic", [1.0, 2.0] * 10, [str(n) for n in range(20)], seed=0)
    assert value.value == 1.5
    assert value.low is not None
    assert 1 < value.low < 1.5
    assert value_of_clips("synthetic", [1.0, 2.0], ["a", "b"], seed=0).low is None
