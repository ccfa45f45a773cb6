"""Which real clip a synthetic one began from: its still is that clip's frame 0."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from sonoloop.errors import UsageError
from sonoloop.evaluation.clip_sets import ClipCollection
from sonoloop.parquet_files import read_parquet

MANIFESTS: Final = ("manifest.parquet", "manifest.csv")
FILE_COLUMNS: Final = ("npy", "mp4", "gif", "file")
"""Columns that may name a clip's file, relative to the manifest."""
SOURCE_COLUMN: Final = "source"
SAMPLE_ENDING: Final = re.compile(r"_sample\d+$")


@dataclass(frozen=True)
class Pair:
    """A synthetic clip and the real one whose frame 0 it was made from.

    Args:
        synthetic: Number of the synthetic clip.
        real: Number of the real clip.
    """

    synthetic: int
    real: int


def find_pairs(synthetic: ClipCollection, real: ClipCollection) -> list[Pair]:
    """Match clips by the manifest beside the synthetic ones, else by their names.

    A manifest has a column ``source`` (the still's file) and one that names the clip's file
    (``npy``, ``mp4``, ``gif`` or ``file``), as ``sonoloop synthesize`` writes. Without one, a clip
    belongs to the real clip of the same name, ``_sampleK`` at its end apart.

    Args:
        synthetic: Made clips.
        real: Real clips.

    Returns:
        One pair for every synthetic clip whose origin is known, in their order.

    Raises:
        UsageError: If the manifest cannot be read or a name stands for two real clips.
    """
    sources = _read_manifest(synthetic.path)
    by_stem: dict[str, int] = {}
    for number, source in enumerate(real.sources):
        if by_stem.setdefault(source.stem, number) != number:
            msg = f"{real.path}: two clips are called {source.stem!r}, pairs need different names"
            raise UsageError(msg)
    pairs = []
    for number, clip in enumerate(synthetic.sources):
        stem = sources.get(clip.name, SAMPLE_ENDING.sub("", clip.stem))
        if stem in by_stem:
            pairs.append(Pair(number, by_stem[stem]))
    return pairs


def first_samples(pairs: Sequence[Pair]) -> list[Pair]:
    """Keep the first synthetic clip of every real one, in the order of the real clips."""
    first: dict[int, Pair] = {}
    for pair in pairs:
        first.setdefault(pair.real, pair)
    return [first[real] for real in sorted(first)]


def samples_by_still(pairs: Sequence[Pair]) -> dict[int, list[int]]:
    """Collect the synthetic clips of every real one."""
    samples: dict[int, list[int]] = {}
    for pair in pairs:
        samples.setdefault(pair.real, []).append(pair.synthetic)
    return samples


def _read_manifest(folder: Path) -> dict[str, str]:
    """Map a clip's file to the name of its still without folder and suffix."""
    path = next((folder / name for name in MANIFESTS if (folder / name).is_file()), None)
    if path is None:
        return {}
    try:
        table = read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path)
    except (pl.exceptions.PolarsError, OSError, UnicodeError) as error:
        msg = f"{path} cannot be read ({error}): remove it to pair clips by their names"
        raise UsageError(msg) from error
    if SOURCE_COLUMN not in table.columns:
        return {}
    sources: dict[str, str] = {}
    for row in table.iter_rows(named=True):
        for column in FILE_COLUMNS:
            if row.get(column) and row[SOURCE_COLUMN]:
                sources[str(row[column])] = Path(str(row[SOURCE_COLUMN])).stem
    return sources
