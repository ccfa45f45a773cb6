"""Synthetic clips and the real ones whose stills they began from."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sonoloop.errors import UsageError
from sonoloop.evaluation.clip_sets import ClipCollection, ClipSource
from sonoloop.evaluation.pairs import Pair, find_pairs, first_samples, samples_by_still


def collection(path: Path, *names: str) -> ClipCollection:
    """Return clips of nothing."""

    def read() -> np.ndarray:
        return np.zeros((2, 4, 4), np.uint8)

    sources = [ClipSource(name, name, Path(name).stem, (2, 4, 4), read) for name in names]
    return ClipCollection(path, tuple(sources))


def test_names_pair_without_a_manifest(tmp_path: Path) -> None:
    """Equal names, samples numbered at the end; others stay alone."""
    real = collection(tmp_path / "real", "a.mp4", "b.mp4")
    made = collection(tmp_path, "b_sample0.npy", "b_sample1.npy", "a.npy", "c.npy")
    pairs = find_pairs(made, real)
    assert pairs == [Pair(0, 1), Pair(1, 1), Pair(2, 0)]
    assert first_samples(pairs) == [Pair(2, 0), Pair(0, 1)]
    assert samples_by_still(pairs) == {1: [0, 1], 0: [2]}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_manifest_pairs_any_name(tmp_path: Path, suffix: str) -> None:
    """The still's file name leads to the real clip."""
    table = pl.DataFrame({"file": ["x.npy", "y.npy"], "source": ["stills/b.png", "a.png"]})
    path = tmp_path / f"manifest.{suffix}"
    table.write_csv(path) if suffix == "csv" else table.write_parquet(path)
    real = collection(tmp_path / "real", "a.mp4", "b.mp4")
    assert find_pairs(collection(tmp_path, "x.npy", "y.npy"), real) == [Pair(0, 1), Pair(1, 0)]


def test_ambiguous_names_and_damaged_manifests_are_refused(tmp_path: Path) -> None:
    """Two real clips of one name, a manifest that is no table."""
    made = collection(tmp_path, "a.npy")
    with pytest.raises(UsageError, match="two clips are called 'a'"):
        find_pairs(made, collection(tmp_path / "real", "a.mp4", "x/a.mp4"))
    (tmp_path / "manifest.parquet").write_bytes(b"no table")
    with pytest.raises(UsageError, match="cannot be read"):
        find_pairs(made, collection(tmp_path / "real", "a.mp4"))
