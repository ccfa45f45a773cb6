"""Everything that one evaluation compares, brought together at the same number of clips."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from sonoloop.evaluation.pairs import find_pairs, first_samples, samples_by_still
from sonoloop.evaluation.resampling import common_shape, refuse_differences, resampled
from sonoloop.recipes.evaluate_options import EvaluateOptions
from sonoloop.report.records import Role

FLOOR_SHARE: Final = 0.5
"""The floor needs a second window; if fewer real clips than this have one, it is left out."""


@dataclass(frozen=True)
class EvaluationSets:
    """Real clips and what is compared with them.

    Args:
        real: Real clips, n of them.
        roles: n clips of each kind, or fewer where there are fewer.
        paired: Roles whose clip k began from, or shows, the same patient and frame as real clip k.
        samples: All synthetic clips of each real clip's still; empty without pairs.
        synthetic: All synthetic clips that were found.
        train: All training clips, where they are known.
        notes: What was left out or assumed.
    """

    real: ClipCollection
    roles: dict[Role, ClipCollection]
    paired: frozenset[Role]
    samples: tuple[tuple[ClipSource, ...], ...]
    synthetic: ClipCollection
    train: ClipCollection | None
    notes: tuple[str, ...]


def open_sets(real: Path, synthetic: Path, options: EvaluateOptions) -> EvaluationSets:
    """Open and align all sets.

    Args:
        real: Folder of clips or prepared dataset.
        synthetic: Folder of clips.
        options: What else takes part.

    Raises:
        UsageError: If a set cannot be used, or clips differ and resampling was not asked for.
    """
    notes: list[str] = []
    found, second = _real_clips(real, options)
    made = folder_clips(synthetic)
    pairs = find_pairs(made, found)
    kept = sorted({pair.real for pair in pairs}) or list(range(len(found)))
    kept = _with_floor(kept, found, second, notes) if second else kept
    if options.limit:
        kept = kept[: options.limit]
    base = found.chosen(kept)
    roles: dict[Role, ClipCollection] = {}
    paired: set[Role] = {"still-repeated", "same-videos"}
    samples: tuple[tuple[ClipSource, ...], ...] = ()
    if pairs:
        first = {pair.real: pair.synthetic for pair in first_samples(pairs)}
        roles["synthetic"] = _grouped(made.chosen([first[number] for number in kept]), base)
        paired.add("synthetic")
        by_still = samples_by_still(pairs)
        samples = tuple(tuple(made.sources[n] for n in by_still[number]) for number in kept)
    else:
        notes.append(
            "no synthetic clip could be matched with a real one (by manifest or name): metrics of "
            "pairs are left out"
        )
        count = min(len(base), len(made))
        roles["synthetic"] = made.chosen(_draw(len(made), count, options.seed))
        base = base.chosen(_draw(len(base), count, options.seed))
    if all(source.stem in second for source in base.sources):
        floor = tuple(second[source.stem] for source in base.sources)
        roles["same-videos"] = replace(base, sources=floor)
    train = _training_clips(real, options)
    others = _other_patients(train, base, options, notes)
    if others is not None:
        roles["other-patients"] = others
    roles["still-repeated"] = replace(base, sources=tuple(map(_repeated, base.sources)))
    if options.reconstructed is not None:
        roles["reconstructed"] = _reconstructed(options.reconstructed, base)
        paired.add("reconstructed")
    base, roles, samples = _same_shape(base, roles, samples, options, notes)
    return EvaluationSets(base, roles, frozenset(paired), samples, made, train, tuple(notes))


def _real_clips(
    real: Path, options: EvaluateOptions
) -> tuple[ClipCollection, dict[str, ClipSource]]:
    """Open the real clips, and by their stems those of the same videos at another time."""
    if not is_dataset(real):
        return folder_clips(real), {}
    windows = open_dataset(real, None if options.split == "all" else options.split)
    later = dataset_clips(windows, real, window=1)
    return dataset_clips(windows, real), {source.stem: source for source in later.sources}


def _with_floor(
    kept: list[int], found: ClipCollection, second: dict[str, ClipSource], notes: list[str]
) -> list[int]:
    """Keep the clips that have a second window, if enough have, so that n is the same for all."""
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


def _other_patients(
    train: ClipCollection | None,
    base: ClipCollection,
    options: EvaluateOptions,
    notes: list[str],
) -> ClipCollection | None:
    """Draw as many training clips as there are real ones, none of the same patients."""
    if train is None:
        notes.append("no training clips are known (--train): no reference of other patients")
        return None
    own = set(base.groups)
    apart = [number for number, group in enumerate(train.groups) if group not in own]
    drawn = _draw(len(apart), len(base), options.seed)
    if len(drawn) < len(base):
        notes.append(f"only {len(drawn)} training clips of other patients for the reference")
    if len(drawn) < MIN_CLIPS:
        return None
    return train.chosen([apart[number] for number in drawn])


def _grouped(clips: ClipCollection, base: ClipCollection) -> ClipCollection:
    """Give clips the groups of the real ones that they lie beside."""
    pairs = zip(clips.sources, base.groups, strict=True)
    return replace(clips, sources=tuple(replace(source, group=group) for source, group in pairs))


def _draw(available: int, wanted: int, seed: int) -> list[int]:
    """Draw without replacement, in order; all where there are not more than wanted."""
    if available <= wanted:
        return list(range(available))
    drawn = np.random.default_rng(seed).choice(available, wanted, replace=False)
    return sorted(int(number) for number in drawn)


def _training_clips(real: Path, options: EvaluateOptions) -> ClipCollection | None:
    if options.train is not None:
        if is_dataset(options.train):
            return dataset_clips(open_dataset(options.train, "train"), options.train)
        return folder_clips(options.train)
    if is_dataset(real) and options.split in {"validation", "test"}:
        return dataset_clips(open_dataset(real, "train"), real)
    return None


def _repeated(source: ClipSource) -> ClipSource:
    return replace(source, name=f"{source.name} (still)", read=partial(_repeat_first, source))


def _repeat_first(source: ClipSource) -> Frames:
    frames = source.read()
    return np.repeat(frames[:1], len(frames), axis=0)


def _reconstructed(folder: Path, base: ClipCollection) -> ClipCollection:
    clips = folder_clips(folder)
    first = {pair.real: pair.synthetic for pair in first_samples(find_pairs(clips, base))}
    missing = [source.stem for number, source in enumerate(base.sources) if number not in first]
    if missing:
        msg = f"{folder} has no reconstruction of {missing[0]}: one for every real clip is needed"
        raise UsageError(msg)
    return _grouped(clips.chosen([first[number] for number in range(len(base))]), base)


def _same_shape(
    base: ClipCollection,
    roles: dict[Role, ClipCollection],
    samples: Sequence[tuple[ClipSource, ...]],
    options: EvaluateOptions,
    notes: list[str],
) -> tuple[ClipCollection, dict[Role, ClipCollection], tuple[tuple[ClipSource, ...], ...]]:
    everything: dict[str, ClipCollection] = {"real": base}
    everything |= {str(role): clips for role, clips in roles.items()}
    if not options.resample:
        refuse_differences(everything)
        return base, roles, tuple(samples)
    shape = common_shape(everything.values())
    if any(source.shape != shape for clips in everything.values() for source in clips.sources):
        notes.append(
            f"clips were resampled to {shape[0]} frames of {shape[1]} x {shape[2]} "
            "(bilinear, antialiased)"
        )
    sized = tuple(resampled(ClipCollection(base.path, one), shape).sources for one in samples)
    return (
        resampled(base, shape),
        {role: resampled(clips, shape) for role, clips in roles.items()},
        sized,
    )
