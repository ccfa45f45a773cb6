"""Loops that an evaluation shows beside its numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from sonoloop.atomic_files import unfinished_file
from sonoloop.recipes.evaluation.sets import EvaluationSets
from sonoloop.report.records import CaseRecord, LoopRecord
from sonoloop.synthesis.export import write_mp4
from sonoloop.synthesis.film_strip import film_strip

FOLDER: Final = "loops"
NUM_STILLS: Final = 8
NUM_SAMPLES: Final = 2
NUM_CASES: Final = 3
DEFAULT_RATE_HZ: Final = 25 / 3
"""For clips that do not state theirs: 16 frames over 1.92 s."""


def ranked_cases(
    sets: EvaluationSets, metric: str, values: Sequence[float], *, higher_is_better: bool
) -> tuple[CaseRecord, ...]:
    """Name the best and the worst synthetic clips.

    Args:
        sets: What was compared.
        metric: Id of the metric.
        values: One for each synthetic clip of ``sets.roles``.
        higher_is_better: Order of the ranking.
    """
    order = np.argsort(values)[:: -1 if higher_is_better else 1]
    count = min(NUM_CASES, len(values) // 2)
    names = [source.name for source in sets.roles["synthetic"].sources]
    best = [(int(number), rank + 1) for rank, number in enumerate(order[:count])]
    worst = [(int(number), -1 - rank) for rank, number in enumerate(order[::-1][:count])]
    return tuple(
        CaseRecord(clip=names[number], metric=metric, value=float(values[number]), rank=rank)
        for number, rank in best + worst
    )


def write_gallery(
    sets: EvaluationSets, cases: Sequence[CaseRecord], out: Path
) -> tuple[LoopRecord, ...]:
    """Write loops of some stills, those of the cases among them, as mp4 and film strips.

    Args:
        sets: What was compared.
        cases: Clips that must be shown.
        out: Folder of the evaluation.
    """
    synthetic = sets.roles["synthetic"].sources
    wanted = [case.clip for case in cases]
    shown = [number for number, source in enumerate(synthetic) if source.name in wanted]
    spread = np.linspace(0, len(synthetic) - 1, NUM_STILLS).round().astype(int).tolist()
    for number in spread:
        if number not in shown and len(shown) < max(NUM_STILLS, len(wanted)):
            shown.append(number)
    return tuple(_write(sets, number, out) for number in sorted(shown))


def _write(sets: EvaluationSets, number: int, out: Path) -> LoopRecord:
    """Write the loops of one still; unpaired sets have no real clip beside the synthetic one."""
    is_paired = "synthetic" in sets.paired
    made = sets.roles["synthetic"].sources[number]
    samples = (sets.samples[number] if sets.samples else (made,))[:NUM_SAMPLES]
    stem = f"{number:04d}"
    kinds = []
    if is_paired:
        kinds.append(("real", sets.real.sources[number]))
    if "reconstructed" in sets.roles:
        kinds.append(("reconstructed", sets.roles["reconstructed"].sources[number]))
    kinds += [(f"synthetic{index}", source) for index, source in enumerate(samples)]
    rows, names = [], {}
    for kind, source in kinds:
        frames = source.read()
        rows.append(frames)
        names[kind] = f"{FOLDER}/{stem}_{kind}.mp4"
        rate_hz = source.frame_rate_hz or sets.real.sources[0].frame_rate_hz or DEFAULT_RATE_HZ
        write_mp4(out / names[kind], frames, frame_rate_hz=rate_hz, provenance=None)
    strip = f"{FOLDER}/{stem}_strip.png"
    with unfinished_file(out / strip) as unfinished:
        Image.fromarray(film_strip(rows)[0]).save(unfinished, format="PNG")
    return LoopRecord(
        name=made.name,
        real=names.get("real"),
        reconstructed=names.get("reconstructed"),
        synthetic=tuple(name for kind, name in names.items() if kind.startswith("synthetic")),
        strip=strip,
        caption="film strip from top to bottom: "
        + ", ".join(kind.rstrip("0123456789") for kind, _ in kinds),
    )
