"""Sets of labelled clips: taken apart by patient, put together, checked."""

from collections.abc import Callable

import numpy as np
import pytest

from sonoloop.classification.labelled_clips import LabelledClips
from sonoloop.errors import UsageError

MakeClips = Callable[..., LabelledClips]


def test_patients_are_taken_out_whole(moving_clips: MakeClips) -> None:
    """Clips of the patients named, all of them, in order, and nobody else's."""
    clips = moving_clips(6)
    some = clips.of_groups(["patient 0-2", "patient 0-0", "nobody"])
    assert some.groups == ("patient 0-0", "patient 0-0", "patient 0-2", "patient 0-2")
    np.testing.assert_array_equal(some.clips, clips.clips[[0, 1, 4, 5]])
    np.testing.assert_array_equal(some.videos, [0, 1, 4, 5])
    assert len(clips.of_groups([])) == 0


def test_sets_are_put_behind_one_another(moving_clips: MakeClips) -> None:
    """Everything of each stays, and videos of different sets stay different."""
    real, made = moving_clips(4), moving_clips(2, seed=1, synthetic=True)
    both = LabelledClips.concatenate([real, made, real])
    assert len(both) == 10
    np.testing.assert_array_equal(both.synthetic, [False] * 4 + [True] * 2 + [False] * 4)
    np.testing.assert_array_equal(both.clips[4:6], made.clips)
    assert both.groups[3:5] == (real.groups[3], made.groups[0])
    assert both.num_videos == 10


def test_windows_of_one_video_stay_together(moving_clips: MakeClips) -> None:
    """Two windows of a video are one video, also in a larger set."""
    clips = moving_clips(4)
    windows = LabelledClips(
        clips.clips, clips.labels, clips.groups, clips.synthetic, np.array([7, 7, 9, 9])
    )
    assert windows.num_videos == 2
    assert LabelledClips.concatenate([windows, windows]).num_videos == 4


def test_clips_of_another_size_cannot_be_mixed(moving_clips: MakeClips) -> None:
    """Naming both shapes."""
    with pytest.raises(UsageError, match="clips of 8 frames of 32 x 32 and 8 frames of 16 x 16"):
        LabelledClips.concatenate([moving_clips(2), moving_clips(2, size=16)])


def test_a_missing_class_is_named(moving_clips: MakeClips) -> None:
    """With what is there; also where there is nothing at all, or a class without a name."""
    clips = moving_clips(6)
    clips.require_classes(("still", "moving"), "it")
    with pytest.raises(UsageError, match=r"the test set holds no clip of still \(3 of moving\)"):
        clips.select(clips.labels == 1).require_classes(("still", "moving"), "the test set")
    with pytest.raises(UsageError, match=r"it holds no clip of still or moving \(no clip at all"):
        clips.of_groups([]).require_classes(("still", "moving"), "it")
    with pytest.raises(UsageError, match="it has the class number 1, classes are 1"):
        clips.require_classes(("still",), "it")


def test_fields_must_fit(moving_clips: MakeClips) -> None:
    """Another dtype, number of axes or length is refused."""
    clips = moving_clips(4)
    with pytest.raises(ValueError, match="4 clips, but 3 labels"):
        LabelledClips(clips.clips, clips.labels[:3], clips.groups, clips.synthetic)
    with pytest.raises(ValueError, match=r"need uint8 clips .* got uint8 \(4, 8, 32\)"):
        LabelledClips(clips.clips[:, :, 0], clips.labels, clips.groups, clips.synthetic)
