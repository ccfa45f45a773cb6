"""What a study reads."""

from pathlib import Path

import numpy as np
import pytest

from sonoloop.errors import UsageError
from sonoloop.recipes.study.data import (
    StudyData,
    of_items,
    open_study_data,
    read_windows,
    seen_size,
)


def test_first_frames_are_those_of_the_videos(study_data: StudyData, study_dataset: Path) -> None:
    """And windows come in the same order."""
    assert study_data.classes == ("moves", "rests")
    windows = read_windows(study_data, "label", (), size=64, windows=2)
    assert windows.item_ids == study_data.item_ids
    np.testing.assert_array_equal(windows.clips.clips[:, 0], study_data.first_frames.frames)
    few = of_items(windows, ["v3", "v8"])
    assert few.groups == ("p1", "p4")
    assert [study_data.classes[label] for label in few.labels] == ["moves", "rests"]
    assert study_data.dataset == study_dataset


def test_three_classes_are_refused(labelled_dataset: Path) -> None:
    """With what to do; joined into two they are a study."""
    with pytest.raises(UsageError, match=r"speed has 3 classes .* join values with --classes"):
        open_study_data(labelled_dataset, "speed", ())
    data = open_study_data(labelled_dataset, "speed", ("rests=0", "moves=1,2"))
    assert data.classes == ("rests", "moves")
    assert data.others == {"": 1}


def test_nothing_is_enlarged_on_disk() -> None:
    """A net sees its published size, the dataset's if that is smaller, or what was asked for."""
    pairs = ((None, 64), (None, 128), (96, 64))
    assert [seen_size("r3d18", asked, size) for asked, size in pairs] == [64, 112, 96]
