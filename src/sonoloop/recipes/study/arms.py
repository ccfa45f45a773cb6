"""What the classifier of each arm is trained on, and how it looks at what it is asked about.

Every arm from (c) on is arm (b) and a second part, marked as synthetic whatever it is, so that the
same share of every batch comes from it: steps, class mix and resolution are the same in all arms.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from sonoloop.classification.labelled_clips import LabelledClips
from sonoloop.recipes.labelled_dataset import LabelledVideos, shrink
from sonoloop.recipes.study.data import Stills, of_items
from sonoloop.recipes.study.division import Division
from sonoloop.recipes.study.synthesis import Synthetic
from sonoloop.recipes.study.warps import warped_still

FRAMES_OF_CLIP: Final = 4
"""Frames of each clip that the image classifier sees, one at a time."""

WARPS_OF_STILL: Final = 4


def training_clips(
    arm: str,
    pool: Stills,
    videos: LabelledVideos,
    division: Division,
    made: Synthetic | None,
    *,
    fill: float | None = None,
) -> LabelledClips:
    """Put the training clips of an arm together.

    Args:
        arm: Its name.
        pool: All stills.
        videos: All clips, at the size that the classifier sees.
        division: Who gives what.
        made: Clips of a generator, where the arm has them.
        fill: Synthetic clips for one real clip where they make up for what a class lacks; None
            where all classes have equally many.
    """
    real = of_items(videos, division.training)
    if arm in {"a", "b", "b-asked"}:
        return real
    if arm == "c":
        extra = real
    elif arm == "k":
        extra = of_items(videos, division.stills)
    elif made is not None:
        extra = synthetic_clips(pool, made, videos.clips.clips.shape[2], shuffled=arm == "j")
    else:
        extra = still_clips(pool, videos, division, warped=arm == "e")
    if arm.endswith("-only"):
        return extra
    if arm == "f":
        real = as_images(real)
    marked = replace(extra, synthetic=np.ones(len(extra), bool))
    if arm == "origin":  # the class is where a clip comes from
        real = replace(real, labels=np.zeros(len(real), np.int64))
        marked = replace(marked, labels=np.ones(len(marked), np.int64))
    elif fill is not None:
        marked = filling(real, marked, fill)
    return LabelledClips.concatenate([real, marked])


def filling(real: LabelledClips, extra: LabelledClips, share: float) -> LabelledClips:
    """Choose synthetic clips so that, with the real ones, classes become equal, as the paper does.

    Args:
        real: Real clips.
        extra: Synthetic ones.
        share: Synthetic clips for one real clip, over all classes.
    """
    counts = [len(np.unique(real.videos[real.labels == label])) for label in (0, 1)]
    target = (1 + share) * sum(counts) / 2
    chosen: list[int] = []
    for label, count in enumerate(counts):
        places = np.flatnonzero(extra.labels == label)
        chosen += [int(places[n % len(places)]) for n in range(max(0, round(target - count)))]
    return replace(extra.select(np.array(chosen, np.intp)), videos=np.arange(len(chosen)))


def synthetic_clips(
    pool: Stills, made: Synthetic, size: int, *, shuffled: bool = False
) -> LabelledClips:
    """Bring a generator's clips to the size that classifiers see; all of a still are one video.

    Args:
        pool: All stills.
        made: The clips.
        size: In pixels.
        shuffled: Whether to put the frames of each in random order.
    """
    places = pool.places([one.item for one in made.requests])
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
        tuple(pool.groups[place] for place in places),
        np.ones(len(clips), bool),
        2 * places.astype(np.int64) + labels,
    )


def still_clips(
    pool: Stills, videos: LabelledVideos, division: Division, *, warped: bool
) -> LabelledClips:
    """Make clips of stills without a generator.

    Args:
        pool: All stills.
        videos: Says how long and large clips are.
        division: Whose first frames.
        warped: Whether to move them along random smooth warps, with speckle; else they rest.
    """
    _, num_frames, size, _ = videos.clips.clips.shape
    places = pool.places(division.stills)
    clips, owners = [], []
    for place in places:
        for sample in range(WARPS_OF_STILL if warped else 1):
            still = pool.frames[place]
            clip = np.repeat(still[None], num_frames, 0)
            if warped:
                clip = warped_still(still, num_frames, np.random.default_rng([place, sample]))
            clips.append(shrink(clip, size))
            owners.append(place)
    return LabelledClips(
        np.stack(clips),
        pool.labels[owners],
        tuple(pool.groups[place] for place in owners),
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
