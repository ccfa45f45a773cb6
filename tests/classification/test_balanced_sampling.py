"""The order of training samples: balanced, complete, repeatable."""

from collections import Counter

import numpy as np
import pytest

from sonoloop.classification.balanced_sampling import BalancedOrder
from sonoloop.classification.labelled_clips import LabelledClips
from sonoloop.errors import UsageError


def _clips(labels: list[int], videos: list[int], synthetic: list[bool]) -> LabelledClips:
    return LabelledClips(
        np.zeros((len(labels), 1, 2, 2), np.uint8),
        np.array(labels),
        tuple(map(str, videos)),
        np.array(synthetic),
        np.array(videos),
    )


SKEWED = _clips([0] * 9 + [1] * 3, list(range(12)), [False] * 12)


def test_every_class_comes_equally_often() -> None:
    """Of any 2 k samples, k are of each class, though one has three times the videos."""
    order = BalancedOrder(SKEWED, seed=0)
    drawn = [int(SKEWED.labels[order[n]]) for n in range(36)]
    assert all(sorted(drawn[first : first + 2]) == [0, 1] for first in range(0, 36, 2))


def test_a_pass_over_a_class_has_each_of_its_videos_once() -> None:
    """The rare class comes back after 3 of its turns, the common one after 9."""
    order = BalancedOrder(SKEWED, seed=3)
    drawn = [order[n] for n in range(36)]
    common = [place for place in drawn if place < 9]
    rare = [place for place in drawn if place >= 9]
    assert sorted(common[:9]) == list(range(9))
    assert all(sorted(rare[first : first + 3]) == [9, 10, 11] for first in range(0, 18, 3))


def test_without_balance_every_video_comes_equally_often() -> None:
    """One pass is a permutation of the videos."""
    order = BalancedOrder(SKEWED, seed=0, class_balanced=False)
    assert sorted(order[n] for n in range(12)) == list(range(12))


def test_a_long_video_counts_like_a_short_one() -> None:
    """A video of five windows is drawn as often as one of a single window, by all its windows."""
    clips = _clips([0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 1, 2], [False] * 7)
    order = BalancedOrder(clips, seed=0, class_balanced=False)
    drawn = [order[n] for n in range(300)]
    assert Counter(int(clips.videos[place]) for place in drawn) == {0: 100, 1: 100, 2: 100}
    assert set(drawn) == set(range(7))


def test_samples_do_not_depend_on_what_was_asked_before() -> None:
    """Sample n is the same asked alone, backwards or in order: training resumes anywhere."""
    forwards = [BalancedOrder(SKEWED, seed=5)[n] for n in range(40)]
    order = BalancedOrder(SKEWED, seed=5)
    assert [order[n] for n in reversed(range(40))] == forwards[::-1]
    assert forwards != [BalancedOrder(SKEWED, seed=6)[n] for n in range(40)]


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 2 / 3, 1.0])
def test_synthetic_clips_come_at_their_share(share: float) -> None:
    """Evenly spread: in the first n samples within one of n times the share, classes balanced."""
    clips = _clips([0, 1, 0, 1, 0, 1], list(range(6)), [False] * 2 + [True] * 4)
    order = BalancedOrder(clips, seed=0, synthetic_share=share)
    drawn = [order[n] for n in range(120)]
    made = np.cumsum(clips.synthetic[drawn])
    assert np.abs(made - share * np.arange(1, 121)).max() <= 0.5 + 1e-9
    for origin in (False, True):
        labels = clips.labels[[place for place in drawn if clips.synthetic[place] == origin]]
        assert abs((labels == 0).sum() - (labels == 1).sum()) <= 1


def test_a_share_of_what_is_not_there_is_refused() -> None:
    """No synthetic clips, or synthetic clips of one class only."""
    with pytest.raises(UsageError, match=r"synthetic_share 0.5 needs synthetic clips"):
        BalancedOrder(SKEWED, seed=0, synthetic_share=0.5)
    lopsided = _clips([0, 1, 1], [0, 1, 2], [False, False, True])
    with pytest.raises(UsageError, match="real clips are of class 0 and 1, synthetic ones of clas"):
        BalancedOrder(lopsided, seed=0, synthetic_share=0.5)
