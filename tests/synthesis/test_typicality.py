"""Stills like the training data pass, others are flagged."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.synthesis.still import open_still
from sonoloop.synthesis.typicality import StillTypicality, Typicality

REAL_DATA = os.environ.get("SONOLOOP_REAL_DATA", "")


def stills(count: int, *, sigma: float, seed: int) -> Tensor:
    """Make speckle of one coarseness with random brightness."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        speckle = ndimage.gaussian_filter(rng.standard_normal((64, 64)), sigma)
        level = rng.uniform(0.3, 0.5) + 0.12 * speckle / speckle.std()
        made.append(level.clip(0.05, 1))
    return torch.from_numpy(np.stack(made)[:, None]).float() * 2 - 1


@pytest.fixture(scope="module")
def typicality() -> Typicality:
    """Fit to fine speckle, 20 groups of 3 nearly equal stills."""
    base = stills(20, sigma=1.5, seed=0).repeat_interleave(3, dim=0)
    noise = 0.02 * torch.randn(base.shape, generator=torch.Generator().manual_seed(0))
    return Typicality.fit(base + noise, [str(index // 3) for index in range(60)])


def test_one_in_a_hundred_training_stills_is_beyond_the_threshold(typicality: Typicality) -> None:
    """By definition; new stills of the same kind are rarely flagged, others always."""
    same = typicality.distances(stills(40, sigma=1.5, seed=1))
    other = typicality.distances(stills(40, sigma=5.0, seed=2))
    assert (same > typicality.threshold).float().mean() < 0.15
    assert (other > typicality.threshold).all()
    verdict = typicality.judge(stills(1, sigma=5.0, seed=3))
    assert verdict.is_atypical
    assert verdict.is_unusual


def test_unusual_comes_before_atypical() -> None:
    """Between the two thresholds a still is unusual, not atypical."""
    verdict = StillTypicality(distance=1.5, threshold=2.0, unusual_threshold=1.2)
    assert verdict.is_unusual
    assert not verdict.is_atypical


def test_copies_within_a_group_do_not_lower_the_threshold() -> None:
    """Three copies of every still change nothing but how often each counts."""
    base = stills(20, sigma=1.5, seed=0)
    groups = [str(index) for index in range(20)]
    once = Typicality.fit(base, groups)
    thrice = Typicality.fit(base.repeat(3, 1, 1, 1), groups * 3)
    assert thrice.threshold > 0.7 * once.threshold


def test_tensors_and_back(typicality: Typicality) -> None:
    """A model folder keeps all that is needed."""
    again = Typicality.from_tensors(
        typicality.tensors(),
        threshold=typicality.threshold,
        unusual_threshold=typicality.unusual_threshold,
    )
    probe = stills(3, sigma=1.5, seed=4)
    torch.testing.assert_close(again.distances(probe), typicality.distances(probe))


def test_too_few_groups_and_missing_tensors_are_refused(typicality: Typicality) -> None:
    """One patient says nothing about others."""
    with pytest.raises(UsageError, match="of at least 2 groups, got 1"):
        Typicality.fit(stills(4, sigma=1.5, seed=0), ["a"] * 4)
    tensors = typicality.tensors()
    del tensors["spacing"]
    with pytest.raises(UsageError, match=r"have no typicality\.spacing"):
        Typicality.from_tensors(tensors, threshold=1.0, unusual_threshold=1.0)


@pytest.mark.skipif(not REAL_DATA, reason="SONOLOOP_REAL_DATA does not name the real data")
def test_lung_stills_pass_and_breast_stills_are_flagged_more_often() -> None:
    """Fitted to stills of POCUS videos: BLUES (lung) is hardly flagged, BUSI (breast) is.

    On the full data 2 % of held-out POCUS, 0 % of BLUES and half of BUSI are flagged
    (docs/synthesis.md); here a third of the files, to save time.
    """
    root = Path(REAL_DATA)
    frames, groups = [], []
    for path in sorted((root / "pocus" / "videos").glob("*/*"))[::2]:
        try:
            frames.append(open_still(path, size=64).first_frame)
        except UnreadableFileError:  # one opens with black frames
            continue
        groups.append(path.stem.split("_vid")[0])
    typicality = Typicality.fit(torch.from_numpy(np.stack(frames)) / 127.5 - 1, groups)

    def share_flagged(paths: list[Path]) -> float:
        opened = [open_still(path, size=64).first_frame for path in paths]
        distances = typicality.distances(torch.from_numpy(np.stack(opened)) / 127.5 - 1)
        return float((distances > typicality.threshold).float().mean())

    blues = sorted((root / "blues" / "videos").glob("*.mp4"))[::20]
    busi = [path for path in sorted((root / "busi").glob("*/*.png")) if "_mask" not in path.stem]
    busi = busi[::2]
    assert share_flagged(blues) <= 0.1
    assert share_flagged(busi) >= 0.25
