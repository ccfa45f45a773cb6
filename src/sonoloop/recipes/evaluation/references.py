"""What synthetic clips are compared with besides the real ones, at the same number of clips."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from sonoloop.data.recording import Frames
from sonoloop.errors import UsageError
from sonoloop.evaluation.clip_sets import (
    MIN_CLIPS,
    ClipCollection,
    ClipSource,
    dataset_clips,
    folder_clips,
    is_dataset,
    open_dataset,
)
from sonoloop.evaluation.pairs import find_pairs, first_samples
from sonoloop.evaluation.resampling import same_rate
from sonoloop.recipes.evaluation.options import EvaluateOptions

FLOOR_SHARE: Final = 0.5
"""The floor needs a second window; if fewer real clips than this have one, it is left out."""


def keep_with_floor(
    kept: list[int], found: ClipCollection, second: dict[str, ClipSource], notes: list[str]
) -> list[int]:
    """Keep the clips that have a second window, if enough have, so that n is the same for all.

    Args:
        kept: Numbers of the real clips that take part.
        found: The real clips.
        second: The same videos at another time, by their stems.
        notes: Gets what was left out.
    """
    with_floor = [number for number in kept if found.sources[number].stem in second]
    if len(with_floor) < max(MIN_CLIPS, FLOOR_SHARE * len(kept)):
        notes.append("too few videos are long enough to be compared with themselves: no floor")
        return kept
    if len(with_floor) < len(kept):
        notes.append(
            f"{len(kept) - len(with_floor)} real clips have no second window and were left out, "
            "so that every set has the same number of clips"
        )
    return with_floor


def training_clips(real: Path, options: EvaluateOptions) -> ClipCollection | None:
    """Open the clips that a generator was trained on.

    Args:
        real: What --real names; a prepared dataset knows its training side.
        options: Whether --train names them.

    Returns:
        None where they are not known.

    Raises:
        UsageError: If what --train names cannot be used.
    """
    if options.train is not None:
        if is_dataset(options.train):
            return dataset_clips(open_dataset(options.train, "train"), options.train)
        return folder_clips(options.train)
    if is_dataset(real) and options.split in {"validation", "test"}:
        return dataset_clips(open_dataset(real, "train"), real)
    return None


def other_patients(
    train: ClipCollection | None,
    base: ClipCollection,
    options: EvaluateOptions,
    notes: list[str],
) -> ClipCollection | None:
    """Draw as many training clips as there are real ones, none of the same patients.

    Args:
        train: The training clips, None where they are not known.
        base: The real clips.
        options: Seed, and whether clips of another rate may take part.
        notes: Gets what is missing.

    Returns:
        None where there are fewer than 2.
    """
    if train is None:
        notes.append("no training clips are known (--train): no reference of other patients")
        return None
    own = set(base.groups)
    apart = [number for number, group in enumerate(train.groups) if group not in own]
    if not options.resample:
        fit = [number for number in apart if same_rate(train.sources[number], base.sources[0])]
        if len(fit) < len(apart):
            notes.append(
                f"{len(apart) - len(fit)} training clips play at another rate (videos shorter than "
                "a window) and are no reference of other patients"
            )
        apart = fit
    drawn = draw(len(apart), len(base), options.seed)
    if len(drawn) < len(base):
        notes.append(f"only {len(drawn)} training clips of other patients for the reference")
    if len(drawn) < MIN_CLIPS:
        return None
    return train.chosen([apart[number] for number in drawn])


def still_repeated(source: ClipSource) -> ClipSource:
    """Replace every frame of a clip by its frame 0."""
    return replace(source, name=f"{source.name} (still)", read=partial(_repeat_first, source))


def _repeat_first(source: ClipSource) -> Frames:
    frames = source.read()
    return np.repeat(frames[:1], len(frames), axis=0)


def reconstructions(folder: Path, base: ClipCollection) -> ClipCollection:
    """Open the reconstruction of every real clip.

    Args:
        folder: Clips named like the real ones.
        base: The real clips.

    Raises:
        UsageError: If one is missing.
    """
    clips = folder_clips(folder)
    first = {pair.real: pair.synthetic for pair in first_samples(find_pairs(clips, base))}
    missing = [source.stem for number, source in enumerate(base.sources) if number not in first]
    if missing:
        msg = f"{folder} has no reconstruction of {missing[0]}: one for every real clip is needed"
        raise UsageError(msg)
    return _grouped(clips.chosen([first[number] for number in range(len(base))]), base)


def draw(available: int, wanted: int, seed: int) -> list[int]:
    """Draw numbers below ``available`` without replacement, in order.

    Args:
        available: How many there are.
        wanted: How many to draw; all where there are not more.
        seed: Of the draw.
    """
    if available <= wanted:
        return list(range(available))
    drawn = np.random.default_rng(seed).choice(available, wanted, replace=False)
    return sorted(int(number) for number in drawn)


def _grouped(clips: ClipCollection, base: ClipCollection) -> ClipCollection:
    """Give clips the groups of the real ones that they lie beside."""
    pairs = zip(clips.sources, base.groups, strict=True)
    return replace(clips, sources=tuple(replace(source, group=group) for source, group in pairs))
