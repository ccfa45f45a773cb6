"""Everything that one evaluation compares, brought together at the same number of clips."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sonoloop.errors import UsageError
from sonoloop.evaluation.clip_sets import (
    MIN_CLIPS,
    NO_PATIENTS,
    ClipCollection,
    ClipSource,
    dataset_clips,
    folder_clips,
    is_dataset,
    open_dataset,
)
from sonoloop.evaluation.pairs import Pair, find_pairs, first_samples, samples_by_still
from sonoloop.evaluation.resampling import (
    common_shape,
    refuse_differences,
    resampled,
    same_rate,
)
from sonoloop.recipes.evaluation.options import EvaluateOptions
from sonoloop.recipes.evaluation.references import (
    draw,
    keep_with_floor,
    other_patients,
    reconstructions,
    still_repeated,
    training_clips,
)
from sonoloop.report.records import Role


@dataclass(frozen=True)
class EvaluationSets:
    """Real clips and what is compared with them.

    Args:
        real: Real clips, n of them.
        roles: n clips of each kind, or fewer where there are fewer.
        paired: Roles whose clip k began from, or shows, the same patient and frame as real clip k.
        samples: All synthetic clips of each real clip's still; empty without pairs.
        synthetic: All synthetic clips that were found, in the groups of their stills.
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
    if options.limit < 0:
        msg = f"--limit {options.limit} is below 0; 0 uses all clips"
        raise UsageError(msg)
    notes: list[str] = []
    found, second = _real_clips(real, options)
    made = folder_clips(synthetic)
    pairs = find_pairs(made, found)
    made = _with_patients(made, found, pairs, notes)
    roles: dict[Role, ClipCollection] = {}
    paired: set[Role] = {"still-repeated", "same-videos"}
    samples: tuple[tuple[ClipSource, ...], ...] = ()
    kept = _kept(pairs, found, second, options, notes)
    base = found.chosen(kept)
    if pairs:
        first = {pair.real: pair.synthetic for pair in first_samples(pairs)}
        roles["synthetic"] = made.chosen([first[number] for number in kept])
        paired.add("synthetic")
        by_still = samples_by_still(pairs)
        samples = tuple(tuple(made.sources[n] for n in by_still[number]) for number in kept)
    else:
        count = min(len(base), len(made))
        notes.append(
            "no synthetic clip could be matched with a real one (by manifest or name): metrics of "
            f"pairs are left out, the others compare {count} clips of each, drawn by the seed"
        )
        roles["synthetic"] = made.chosen(draw(len(made), count, options.seed))
        base = base.chosen(draw(len(base), count, options.seed))
    if all(source.stem in second for source in base.sources):
        floor = tuple(second[source.stem] for source in base.sources)
        roles["same-videos"] = replace(base, sources=floor)
    train = training_clips(real, options)
    others = other_patients(train, base, options, notes)
    if others is not None:
        roles["other-patients"] = others
    roles["still-repeated"] = replace(base, sources=tuple(map(still_repeated, base.sources)))
    if options.reconstructed is not None:
        roles["reconstructed"] = reconstructions(options.reconstructed, base)
        paired.add("reconstructed")
    base, roles, samples = _same_shape(base, roles, samples, options, notes)
    return EvaluationSets(base, roles, frozenset(paired), samples, made, train, tuple(notes))


def _kept(
    pairs: Sequence[Pair],
    found: ClipCollection,
    second: dict[str, ClipSource],
    options: EvaluateOptions,
    notes: list[str],
) -> list[int]:
    """Choose the real clips that take part, and say which do not."""
    kept = sorted({pair.real for pair in pairs}) or list(range(len(found)))
    if len(kept) < len(found):
        notes.append(
            f"{len(found) - len(kept)} of {len(found)} real clips have no synthetic clip and were "
            "left out"
        )
    kept = keep_with_floor(kept, found, second, notes) if second else kept
    if options.limit:
        kept = kept[: options.limit]
    if len(kept) < MIN_CLIPS:
        msg = (
            f"{len(kept)} real clips of {found.path} take part, at least {MIN_CLIPS} are needed: "
            "synthetic clips are matched by manifest or name"
        )
        raise UsageError(msg)
    return kept


def _real_clips(
    real: Path, options: EvaluateOptions
) -> tuple[ClipCollection, dict[str, ClipSource]]:
    """Open the real clips, and by their stems those of the same videos at another time."""
    if not is_dataset(real):
        return folder_clips(real), {}
    windows = open_dataset(real, None if options.split == "all" else options.split)
    later = dataset_clips(windows, real, window=1)
    return dataset_clips(windows, real), {source.stem: source for source in later.sources}


def _with_patients(
    made: ClipCollection, real: ClipCollection, pairs: Sequence[Pair], notes: list[str]
) -> ClipCollection:
    """Give synthetic clips the groups of the real ones whose stills they began from."""
    if not pairs:
        return made
    if len(pairs) < len(made):
        notes.append(
            f"{len(made) - len(pairs)} of {len(made)} synthetic clips belong to no real clip: they "
            "are searched for copies and left out of the metrics"
        )
    sources = list(made.sources)
    for pair in pairs:
        group = real.sources[pair.real].group
        sources[pair.synthetic] = replace(sources[pair.synthetic], group=group)
    known = tuple(note for note in made.notes if note != NO_PATIENTS)
    return replace(made, sources=tuple(sources), notes=known)


def _same_shape(
    base: ClipCollection,
    roles: dict[Role, ClipCollection],
    samples: Sequence[tuple[ClipSource, ...]],
    options: EvaluateOptions,
    notes: list[str],
) -> tuple[ClipCollection, dict[Role, ClipCollection], tuple[tuple[ClipSource, ...], ...]]:
    everything: dict[str, ClipCollection] = {"real": base}
    everything |= {str(role): clips for role, clips in roles.items()}
    if samples:
        every_sample = tuple(sample for still in samples for sample in still)
        everything["synthetic"] = replace(roles["synthetic"], sources=every_sample)
    if not options.resample:
        refuse_differences(everything)
        return base, roles, tuple(samples)
    sources = [source for clips in everything.values() for source in clips.sources]
    rates = [source.frame_rate_hz for source in sources if source.frame_rate_hz]
    if not all(same_rate(source, sources[0]) for source in sources):
        notes.append(
            f"clips play at {min(rates):.3g} to {max(rates):.3g} Hz: their frames were taken as "
            "they are, so that figures of motion compare frames and not seconds"
        )
    shape = common_shape(everything.values())
    if any(source.shape != shape for source in sources):
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
