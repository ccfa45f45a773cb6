"""How near synthetic clips come to training clips, with the nearest to look at."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.errors import SonoloopError
from sonoloop.evaluation.clip_embedding import flipped_embedding, pixel_embedding
from sonoloop.evaluation.clip_sets import ClipCollection, ClipSource
from sonoloop.evaluation.membership import membership_attack
from sonoloop.evaluation.privacy import Copies, find_copies, privacy_threshold
from sonoloop.evaluation.similarity import NONE
from sonoloop.recipes.evaluation.gallery import DEFAULT_RATE_HZ, FOLDER
from sonoloop.recipes.evaluation.options import EvaluateOptions
from sonoloop.recipes.evaluation.sets import EvaluationSets
from sonoloop.recipes.evaluation.values import Advance
from sonoloop.report.records import LoopRecord, PrivacyRecord
from sonoloop.synthesis.export import write_mp4

EMBEDDING: Final = "grey values of 4 frames at 16 x 16, standardised, maximum over flips"
MIN_SHOWN: Final = 4
"""Nearest clips that are shown whatever their similarity."""

MAX_SHOWN: Final = 12
"""Most clips above the threshold that are shown."""

QUERIES_AT_ONCE: Final = 256


def measure_privacy(
    sets: EvaluationSets,
    out: Path,
    options: EvaluateOptions,
    start: Callable[[str, int], Advance],
) -> PrivacyRecord | str:
    """Compare every synthetic clip that was found with every training clip.

    Args:
        sets: With training clips; the real clips are the held-out ones. A synthetic clip that
            belongs to no real one has no patient of its own, so it is compared with all.
        out: Folder of the evaluation; gets the nearest clips as mp4.
        options: Seed.
        start: Starts a progress bar of a name and a length.

    Returns:
        The record, or why there is none.
    """
    if sets.train is None:
        return "privacy was not measured: name the training clips with --train"
    made, train, real = sets.synthetic, sets.train, sets.real
    advance = start("privacy", len(made) + len(train) + len(real))
    synthetic, known, held_out = (_embedded(clips, advance) for clips in (made, train, real))
    try:
        threshold = privacy_threshold(
            _queries(held_out),
            known,
            held_out_groups=real.groups,
            train_groups=train.groups,
            embedding=EMBEDDING,
        )
        copies = find_copies(
            _queries(synthetic),
            known,
            threshold,
            still_groups=made.groups,
            train_groups=train.groups,
        )
    except SonoloopError as error:
        return f"privacy was not measured: {error}"
    share = threshold.held_out_share_above
    notes = [
        f"{share:.0%} of {len(real)} real held-out clips, no copies, are above the threshold too",
        f"{len(train)} training clips of {len(set(train.groups))} patients were searched",
    ]
    num_own = int((copies.own_similarity > NONE).sum())
    if num_own:
        notes.append(
            f"{num_own} synthetic clips began from stills of training patients, whose own clips "
            "are left out of their search"
        )
    auroc = low = high = None
    try:
        attack = membership_attack(
            _queries(synthetic),
            torch.cat([known, held_out]),
            still_groups=made.groups,
            clip_groups=train.groups + real.groups,
            members=set(train.groups),
            embedding=EMBEDDING,
            seed=options.seed,
        ).auroc
        auroc, low, high = attack.estimate, max(attack.low, 0.0), min(attack.high, 1.0)
    except SonoloopError as error:
        notes.append(f"no membership attack: {error}")
    return PrivacyRecord(
        embedding=EMBEDDING,
        threshold=threshold.value,
        share_above=copies.share_above,
        num_clips=len(made),
        attack_auroc=auroc,
        attack_low=low,
        attack_high=high,
        nearest=_nearest(made.sources, train.sources, copies, out),
        notes=tuple(notes),
    )


def _embedded(clips: ClipCollection, advance: Advance) -> Float[Tensor, "n features"]:
    rows = []
    for source in clips.sources:
        rows.append(pixel_embedding(source.clip()))
        advance(1)
    return torch.cat(rows)


def _queries(rows: Float[Tensor, "n features"]) -> Iterator[Float[Tensor, "b flips features"]]:
    """Flip in parts: all flips of 100,000 clips would take 1.6 GB."""
    return map(flipped_embedding, torch.split(rows, QUERIES_AT_ONCE))


def _nearest(
    made: Sequence[ClipSource], train: Sequence[ClipSource], copies: Copies, out: Path
) -> tuple[LoopRecord, ...]:
    """Write the synthetic clips that come nearest beside what they come near to."""
    count = min(max(MIN_SHOWN, int(copies.above.sum())), MAX_SHOWN)
    records: list[LoopRecord] = []
    for number in copies.nearest_first()[:count].tolist():
        match = int(copies.index[number])
        if match < 0:
            continue
        names = []
        for kind, source in (("made", made[number]), ("train", train[match])):
            names.append(f"{FOLDER}/nearest{len(records)}_{kind}.mp4")
            rate_hz = source.frame_rate_hz or DEFAULT_RATE_HZ
            write_mp4(out / names[-1], source.read(), frame_rate_hz=rate_hz, provenance=None)
        verdict = "above" if bool(copies.above[number]) else "below"
        records.append(
            LoopRecord(
                name=made[number].name,
                real=names[1],
                synthetic=(names[0],),
                caption=(
                    f"similarity {float(copies.similarity[number]):.3f}, {verdict} the threshold, "
                    f"to {train[match].name}"
                ),
            )
        )
    return tuple(records)
