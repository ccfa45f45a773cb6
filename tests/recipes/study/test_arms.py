"""What each arm is trained on."""

import numpy as np
import pytest

from sonoloop.classification.labelled_clips import LabelledClips
from sonoloop.recipes.study.arms import as_images, filling, synthetic_clips, training_clips
from sonoloop.recipes.study.context import StudyContext
from sonoloop.recipes.study.data import of_items
from sonoloop.recipes.study.synthesis import Request, Synthetic


@pytest.fixture
def made(study_context: StudyContext) -> Synthetic:
    """Clips of the stills of the first fold, 16 grey levels, the frame number in them."""
    items = study_context.divisions[0].stills
    stills = study_context.stills
    requests = [Request(one, int(stills.labels[stills.places([one])[0]]), 0) for one in items]
    clips = np.zeros((len(items), 16, 64, 64), np.uint8)
    clips += np.arange(16, dtype=np.uint8)[None, :, None, None]
    return Synthetic(clips, requests)


def _of_arm(context: StudyContext, arm: str, made: Synthetic | None = None) -> LabelledClips:
    windows = context.windows(32)
    return training_clips(arm, context.stills, windows, context.divisions[0], made)


def test_real_clips_come_first_and_are_the_same_in_all_arms(
    study_context: StudyContext, made: Synthetic
) -> None:
    """The rest is marked as synthetic and comes of still-only patients, or in (c) of the same."""
    one = study_context.divisions[0]
    real = _of_arm(study_context, "b")
    groups = {part: set(of_items(study_context.windows(32), getattr(one, part)).groups)
              for part in ("training", "stills")}  # fmt: skip
    assert set(real.groups) == groups["training"]
    for arm in "cdeghijk":
        clips = _of_arm(study_context, arm, made if arm in "ghij" else None)
        np.testing.assert_array_equal(clips.clips[: len(real)], real.clips)
        np.testing.assert_array_equal(clips.synthetic, np.arange(len(clips)) >= len(real))
        extra = clips.select(clips.synthetic)
        assert set(extra.groups) == groups["training" if arm == "c" else "stills"]
        assert not set(extra.videos) & set(real.videos)


def test_what_the_second_part_shows(study_context: StudyContext, made: Synthetic) -> None:
    """Stills rest, true videos wander, shuffled frames are the same frames in another order."""
    parts = {arm: _of_arm(study_context, arm, made if arm in "ij" else None) for arm in "deijk"}
    extra = {arm: clips.select(clips.synthetic) for arm, clips in parts.items()}
    assert (extra["d"].clips == extra["d"].clips[:, :1]).all()
    assert np.abs(np.diff(extra["e"].clips.astype(int), axis=1)).mean() > 1
    true = of_items(study_context.windows(32), study_context.divisions[0].stills)
    np.testing.assert_array_equal(extra["k"].clips, true.clips)
    assert extra["i"].clips[0, :, 0, 0].tolist() == list(range(16))
    assert sorted(extra["j"].clips[0, :, 0, 0].tolist()) == list(range(16))
    assert extra["j"].clips[0, :, 0, 0].tolist() != list(range(16))


def test_arms_alone_and_arms_that_probe(study_context: StudyContext, made: Synthetic) -> None:
    """Only synthetic clips; or whether a clip is synthetic as the class."""
    assert _of_arm(study_context, "i-only", made).synthetic.all()
    origin = _of_arm(study_context, "origin", made)
    np.testing.assert_array_equal(origin.labels == 1, origin.synthetic)


def test_images_rest_and_are_frames_of_their_clip(study_context: StudyContext) -> None:
    """Four of each clip, first and last among them."""
    real = _of_arm(study_context, "b")
    images = as_images(real)
    assert len(images) == 4 * len(real)
    assert (images.clips == images.clips[:, :1]).all()
    np.testing.assert_array_equal(images.clips[4:8, 0], real.clips[1][[0, 5, 10, 15]])
    np.testing.assert_array_equal(images.videos[4:8], real.videos[1])
    assert (_of_arm(study_context, "f").clips[:4] == images.clips[:4]).all()


def test_samples_of_a_still_are_one_video(study_context: StudyContext) -> None:
    """Whose class is the one asked for."""
    still = study_context.divisions[0].stills[0]
    requests = [Request(still, 0, 0), Request(still, 0, 1), Request(still, 1, 0)]
    made = Synthetic(np.zeros((3, 16, 64, 64), np.uint8), requests)
    clips = synthetic_clips(study_context.stills, made, 32)
    assert clips.labels.tolist() == [0, 0, 1]
    assert clips.videos[0] == clips.videos[1] != clips.videos[2]


def test_filling_makes_classes_equal() -> None:
    """Six and two real videos, as many synthetic ones: two of class 0, six of class 1."""

    def clips(labels: list[int]) -> LabelledClips:
        count = len(labels)
        return LabelledClips(
            np.zeros((count, 2, 4, 4), np.uint8), np.array(labels, np.int64), ("p",) * count,
            np.zeros(count, bool),
        )  # fmt: skip

    chosen = filling(clips([0] * 6 + [1] * 2), clips([0, 1, 1]), 1.0)
    assert chosen.labels.tolist() == [0] * 2 + [1] * 6
    assert chosen.num_videos == 8
