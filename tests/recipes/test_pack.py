"""A pack is small, says what it did to motion, and trains; nothing is measured on it."""

import math
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from sonoloop.data.pack import PackedStore
from sonoloop.errors import UsageError
from sonoloop.evaluation.clip_sets import folder_clips, open_dataset
from sonoloop.recipes.check import check
from sonoloop.recipes.config import Preset
from sonoloop.recipes.pack import pack
from sonoloop.recipes.train_autoencoder import train_autoencoder

QUIET = Console(quiet=True)


@pytest.fixture
def packed(dataset: Path, tmp_path: Path) -> Path:
    """Pack the moving blobs."""
    pack(dataset, tmp_path / "blobs.pack", step=16.0, console=QUIET)
    return tmp_path / "blobs.pack"


def test_result_says_size_and_motion(dataset: Path, tmp_path: Path) -> None:
    """Smooth blobs: a hundredth of the raw size, motion kept; a coarser step costs quality."""
    fine = pack(dataset, tmp_path / "fine.pack", step=4.0, console=QUIET)
    coarse = pack(dataset, tmp_path / "coarse.pack", step=64.0, console=QUIET)
    assert (fine.num_items, fine.num_frames) == (5, 120)
    assert fine.num_bytes == (tmp_path / "fine.pack").stat().st_size < 120 * 64**2 / 10
    assert coarse.num_bytes < fine.num_bytes
    assert coarse.psnr_db < fine.psnr_db < math.inf
    assert fine.energy_ratio == pytest.approx(1, abs=0.03)
    low, high = fine.energy_range
    assert low <= fine.energy_ratio <= high


def test_a_dataset_without_motion_has_no_ratio(dataset: Path, tmp_path: Path) -> None:
    """Not a division by zero."""
    black = shutil.copytree(dataset, tmp_path / "black")
    for shard in (black / "store").glob("*.u8"):
        shard.write_bytes(bytes(shard.stat().st_size))
    result = pack(black, tmp_path / "black.pack", step=16.0, console=QUIET)
    assert (result.energy_ratio, result.psnr_db) == (None, math.inf)


def test_stage_1_trains_from_a_pack(packed: Path, small: Preset, tmp_path: Path) -> None:
    """To the end, and resumes as from a folder; the folder is other data."""
    run = tmp_path / "run"
    assert train_autoencoder(packed, small, run, max_seconds=0.0, console=QUIET).step == 1
    assert train_autoencoder(packed, small, run, resume=True, console=QUIET).step == 6


def test_evaluations_refuse_it(packed: Path) -> None:
    """As a dataset and as a folder of clips."""
    for refused in (lambda: open_dataset(packed, "test"), lambda: folder_clips(packed)):
        with pytest.raises(UsageError, match=r"blobs\.pack: is a pack, whose frames are lossy"):
            refused()
    with pytest.raises(UsageError, match="is a pack"):
        pack(packed, packed.with_name("again.pack"), step=16.0, console=QUIET)


def test_check_verifies_it(packed: Path) -> None:
    """Counts as of the dataset; its checksum is compared on opening."""
    result = check(packed)
    assert (result.num_items, result.num_groups, result.problems) == (5, 5, ())
    assert result.counts["train", "video", "blob"] == 4
    assert len(PackedStore.open(packed).items) == 5
