"""What the classifier of each arm is trained on, and how it looks at what it is asked about.

Every arm from (c) on is arm (b) and a second part, marked as synthetic whatever it is, so that the
same share of every batch comes from it: steps, class mix and resolution are the same in all arms.
"""

from typing import Final

import numpy as np

from sonoloop.classification.labelled_clips import LabelledClips
from sonoloop.recipes.labelled_dataset import LabelledVideos, shrink
from sonoloop.recipes.study_data import StudyData, of_items
from sonoloop.recipes.study_division import Division
from sonoloop.recipes.study_synthesis import Synthetic
from sonoloop.recipes.study_warps import warped_still

FRAMES_OF_CLIP: Final = 4
"""Frames of each clip that the image classifier sees, one at a time."""

WARPS_OF_STILL: Final = 4


def training_clips(
    arm: str,
    data: StudyData,
    videos: LabelledVideos,
    division: Division,
    made: Synthetic | None,
) -> LabelledClips:
    """Put the training clips of an arm together.

    Args:
        arm: Its name.
        data: All first frames.
        videos: All clips, at the size that the classifier sees.
        division: Who gives what.
        made: Clips of a generator, where the arm has them.
    """
    real = of_items(videos, division.training)
    if arm in {"a", "b"}:
        return real
    if arm == "c":
        extra = real
    elif arm == "k":
        extra = of_items(videos, division.stills)
    elif made is not None:
        extra = synthetic_clips(data, made, videos.clips.clips.shape[2], shuffled=arm == "j")
    else:
        extra = still_clips(data, videos, division, warped=arm == "e")
    if arm.endswith("-only"):
        return extra
    if arm == "f":
        real = as_images(real)
    marked = LabelledClips(
        extra.clips, extra.labels, extra.groups, np.ones(len(extra), bool), extra.videos
    )
    return LabelledClips.concatenate([real, marked])


def synthetic_clips(
    data: StudyData, made: Synthetic, size: int, *, shuffled: bool = False
) -> LabelledClips:
    """Bring a generator's clips to the size that classifiers see; all of a still are one video.

    Args:
        data: All videos.
        made: The clips.
        size: In pixels.
        shuffled: Whether to put the frames of each in random order.
    """
    places = data.places([one.item for one in made.requests])
    clips = []
    for number, clip in enumerate(made.clips):
        order = np.arange(len(clip))
        if shuffled:
            order = np.random.default_rng([number, 1]).permutation(len(clip))
        clips.append(shrink(clip[order], size))
    labels = np.array([one.label for one in made.requests], np.int64)
    return LabelledClips(
        np.stack(clips),
        labels,
        tuple(data.groups[place] for place in places),
        np.ones(len(clips), bool),
        places.astype(np.int64) * len(data.classes) + labels,
    )


def still_clips(
    data: StudyData, videos: LabelledVideos, division: Division, *, warped: bool
) -> LabelledClips:
    """Make clips of stills without a generator.

    Args:
        data: All first frames.
        videos: Says how long and large clips are.
        division: Whose first frames.
        warped: Whether to move them along random smooth warps, with speckle; else they rest.
    """
    _, num_frames, size, _ = videos.clips.clips.shape
    places = data.places(division.stills)
    clips, owners = [], []
    for place in places:
        for sample in range(WARPS_OF_STILL if warped else 1):
            still = data.stills[place]
            clip = np.repeat(still[None], num_frames, 0)
            if warped:
                clip = warped_still(still, num_frames, np.random.default_rng([place, sample]))
            clips.append(shrink(clip, size))
            owners.append(place)
    return LabelledClips(
        np.stack(clips),
        data.labels[owners],
        tuple(data.groups[place] for place in owners),
        np.ones(len(clips), bool),
        np.array(owners, np.int64),
    )


def as_images(clips: LabelledClips) -> LabelledClips:
    """Take single frames, each repeated to a clip: a network of videos then sees images only.

    Args:
        clips: Clips of videos.
    """
    num_frames = clips.clips.shape[1]
    chosen = np.unique(np.linspace(0, num_frames - 1, FRAMES_OF_CLIP).round().astype(np.intp))
    repeated = np.repeat(np.arange(len(clips)), len(chosen))
    few = clips.select(repeated)
    frames = few.clips[np.arange(len(few)), np.tile(chosen, len(clips))]
    resting = np.repeat(frames[:, None], num_frames, 1)
    return LabelledClips(resting, few.labels, few.groups, few.synthetic, few.videos)
