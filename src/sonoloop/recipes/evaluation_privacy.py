"""How near synthetic clips come to training clips, with the nearest to look at."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import torch

from sonoloop.errors import SonoloopError
from sonoloop.evaluation.clip_embedding import flipped_pixel_embedding, pixel_embedding
from sonoloop.evaluation.clip_sets import ClipSource
from sonoloop.evaluation.membership import membership_attack
from sonoloop.evaluation.privacy import Copies, find_copies, privacy_threshold
from sonoloop.recipes.evaluate_options import EvaluateOptions
from sonoloop.recipes.evaluation_gallery import DEFAULT_RATE_HZ, FOLDER
from sonoloop.recipes.evaluation_sets import EvaluationSets
from sonoloop.report.records import LoopRecord, PrivacyRecord
from sonoloop.synthesis.export import write_mp4

EMBEDDING: Final = "grey values of 4 frames at 16 x 16, standardised, maximum over flips"
NUM_NEAREST: Final = 4


def measure_privacy(
    sets: EvaluationSets, out: Path, options: EvaluateOptions, advance: Callable[[int], None]
) -> PrivacyRecord | str:
    """Compare every synthetic clip with every training clip.

    Args:
        sets: With training clips; the real clips are the held-out ones.
        out: Folder of the evaluation; gets the nearest clips as mp4.
        options: Seed.
        advance: Called with the number of clips done.

    Returns:
        The record, or why there is none.
    """
    if sets.train is None:
        return "privacy was not measured: name the training clips with --train"
    train, real = sets.train.sources, sets.real.sources
    made = [
        (sample, source.group)
        for source, samples in zip(real, sets.samples, strict=False)
        for sample in samples
    ] or [(source, source.group) for source in sets.roles["synthetic"].sources]

    def queries(sources: Sequence[ClipSource]) -> Iterator[torch.Tensor]:
        for source in sources:
            yield flipped_pixel_embedding(source.clip())
            advance(1)

    known = torch.cat([pixel_embedding(source.clip()) for source in train])
    held_out = torch.cat([pixel_embedding(source.clip()) for source in real])
    still_groups = [group for _, group in made]
    synthetic = list(queries([source for source, _ in made]))
    try:
        threshold = privacy_threshold(
            queries(real),
            known,
            held_out_groups=sets.real.groups,
            train_groups=sets.train.groups,
            embedding=EMBEDDING,
        )
        copies = find_copies(
            synthetic,
            known,
            threshold,
            still_groups=still_groups,
            train_groups=sets.train.groups,
        )
    except SonoloopError as error:
        return f"privacy was not measured: {error}"
    share = threshold.held_out_share_above
    notes = [f"{share:.0%} of the real held-out clips, no copies, are above the threshold too"]
    auroc = low = high = None
    try:
        attack = membership_attack(
            synthetic,
            torch.cat([known, held_out]),
            still_groups=still_groups,
            clip_groups=sets.train.groups + sets.real.groups,
            members=set(sets.train.groups),
            embedding=EMBEDDING,
            seed=options.seed,
        ).auroc
        auroc, low, high = attack.estimate, attack.low, attack.high
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
        nearest=_nearest([source for source, _ in made], train, copies, out),
        notes=tuple(notes),
    )


def _nearest(
    made: Sequence[ClipSource], train: Sequence[ClipSource], copies: Copies, out: Path
) -> tuple[LoopRecord, ...]:
    """Write the synthetic clips that come nearest beside what they come near to."""
    records: list[LoopRecord] = []
    for number in copies.similarity.argsort(descending=True)[:NUM_NEAREST].tolist():
        match = int(copies.index[number])
        if match < 0:
            continue
        names = []
        for kind, source in (("made", made[number]), ("train", train[match])):
            names.append(f"{FOLDER}/nearest{len(records)}_{kind}.mp4")
            rate_hz = source.frame_rate_hz or DEFAULT_RATE_HZ
            write_mp4(out / names[-1], source.read(), frame_rate_hz=rate_hz, provenance=None)
        records.append(
            LoopRecord(
                name=made[number].name,
                real=names[1],
                synthetic=(names[0],),
                caption=f"similarity {float(copies.similarity[number]):.3f} to a training clip",
            )
        )
    return tuple(records)
