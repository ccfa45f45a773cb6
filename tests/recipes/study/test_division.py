"""Who trains, who gives stills, who validates, who is held out."""

from collections import Counter

import pytest

from sonoloop.errors import UsageError
from sonoloop.recipes.study.division import Division, divide

ITEMS = [f"v{n}" for n in range(60)]
GROUPS = [f"p{n // 2}" for n in range(60)]
LABELS = ["ab"[n % 3 == 0] for n in range(60)]


def _groups(items: tuple[str, ...]) -> set[str]:
    return {GROUPS[ITEMS.index(item)] for item in items}


@pytest.fixture(scope="module")
def divisions() -> list[Division]:
    """Divide thirty patients into three folds at two ratios."""
    return divide(ITEMS, GROUPS, LABELS, folds=3, ratios=(0.6, 0.3), seed=0)


def test_no_patient_is_in_two_parts(divisions: list[Division]) -> None:
    """And every video is in one."""
    for one in divisions:
        parts = [one.training, one.stills, one.validation, one.held_out]
        counts = Counter(group for part in parts for group in _groups(part))
        assert set(counts.values()) == {1}
        assert sorted(item for part in parts for item in part) == sorted(ITEMS)


def test_every_video_is_held_out_once(divisions: list[Division]) -> None:
    """At each ratio."""
    for ratio in (0.6, 0.3):
        held_out = [item for one in divisions if one.ratio == ratio for item in one.held_out]
        assert sorted(held_out) == sorted(ITEMS)


def test_ratios_differ_in_who_gives_videos_alone(divisions: list[Division]) -> None:
    """The fewer are some of the more; validation and test stay."""
    for more, fewer in zip(divisions[::2], divisions[1::2], strict=True):
        assert (more.fold, more.ratio, fewer.ratio) == (fewer.fold, 0.6, 0.3)
        assert set(fewer.training) < set(more.training)
        assert (more.validation, more.held_out) == (fewer.validation, fewer.held_out)
        share = len(_groups(fewer.training)) / len(_groups(fewer.training + fewer.stills))
        assert share == pytest.approx(0.3, abs=0.06)


def test_a_part_without_a_class_is_refused() -> None:
    """Two patients of a class cannot fill three parts."""
    labels = ["b" if n < 8 else "a" for n in range(60)]
    with pytest.raises(UsageError, match=r"fold \d at ratio 0.5: .* have no video of b \(\d+ a, 0"):
        divide(ITEMS, GROUPS, labels, folds=2, ratios=(0.5,), seed=0)
