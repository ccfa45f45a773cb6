"""``data prepare`` from files to a dataset that training opens."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import StringIO
from pathlib import Path
from subprocess import Popen

import numpy as np
import polars as pl
import pytest
from PIL import Image
from pydantic import ValidationError
from rich.console import Console

from sonoloop.data import item_preparation
from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.data.phantom import phantom_clip
from sonoloop.data.reading_options import ReadingOptions
from sonoloop.errors import SonoloopError, UsageError
from sonoloop.folder_claim import CLAIM_FILE
from sonoloop.recipes import prepare_items
from sonoloop.recipes.prepare import PrepareOptions, prepare

Elsewhere = Callable[[Path], AbstractContextManager[Popen[str]]]
REAL = os.environ.get("SONOLOOP_REAL_DATA")
OPTIONS = PrepareOptions(size=64, split="0.5,0.25,0.25", workers=1)


def write_frames(folder: Path, seed: int, num_frames: int = 18) -> None:
    """Write a phantom as a folder of numbered frames."""
    folder.mkdir(parents=True)
    frames = phantom_clip(np.random.default_rng(seed), size=64, num_frames=num_frames)
    for frame_index, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"{frame_index}.png")


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write two classes of two patients with two videos each, once for all tests."""
    root = tmp_path_factory.mktemp("input")
    for number in range(8):
        label = "ab"[number // 4]
        write_frames(root / label / f"patient{number // 2}" / f"video{number}", seed=number)
    return root


def digests(dataset: Path) -> dict[str, str]:
    """Hash every file of a dataset."""
    return {
        path.relative_to(dataset).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(dataset.rglob("*"))
        if path.is_file()
    }


def test_class_folders_become_a_dataset(videos: Path, tmp_path: Path) -> None:
    """Videos keep their labels, patients stay on one side, every file of the contract is there."""
    dataset = tmp_path / "dataset"
    result = prepare([videos], dataset, OPTIONS)
    assert (result.num_items, result.num_failures, result.num_dropped) == (8, 0, 0)
    assert (result.num_reused, result.num_near_duplicates) == (0, 0)
    assert result.counts == {"train": 4, "validation": 2, "test": 2}
    clips = ClipSet.open(dataset, None, ClipConfig(size=64))
    assert clips.item_ids[0] == "a/patient0/video0"
    assert clips.labels == ["a"] * 4 + ["b"] * 4
    assert clips.group_ids == [f"folder=patient{number // 2}" for number in range(8)]
    assert clips.clip(0).shape == (16, 64, 64)
    assert sorted(path.name for path in dataset.iterdir()) == [
        "SHA256SUMS",
        "index.parquet",
        "prepare.json",
        "quality.html",
        "split.json",
        "store",
    ]
    index = pl.read_parquet(dataset / "index.parquet")
    assert index["item_id"].to_list() == clips.item_ids
    assert index["clip_span_s"].to_list() == pytest.approx([18 / 25] * 8)  # shorter than 1.92 s


def test_the_number_of_workers_changes_nothing(videos: Path, tmp_path: Path) -> None:
    """Every file is the same to the byte, and no file names the place of the input."""
    prepare([videos], tmp_path / "one", OPTIONS)
    prepare([videos], tmp_path / "two", OPTIONS.model_copy(update={"workers": 2}))
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    for path in (tmp_path / "one").glob("*.*"):
        assert str(videos).encode() not in path.read_bytes()


class _InThisProcess:
    """Stands in for a process of its own, so that what it calls can be watched."""

    def call(self, function: Callable[[object], object], task: object, **_: object) -> object:
        return function(task)

    def close(self) -> None:
        """Nothing was started."""


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read files in the process of the test."""
    monkeypatch.setattr(prepare_items, "LimitedProcess", _InThisProcess)


@pytest.mark.usefixtures("in_this_process")
def test_running_again_does_only_what_is_new(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same input is not read again; one more video is."""
    root, dataset = tmp_path / "input", tmp_path / "dataset"
    shutil.copytree(videos, root)
    prepare([root], dataset, OPTIONS)
    before = digests(dataset)
    written = (dataset / "split.json").stat().st_mtime_ns
    read: list[Path] = []
    original = item_preparation.reading.read_recording

    def count_reads(path: Path, *, max_frames: int | None, options: ReadingOptions) -> object:
        read.append(path)
        return original(path, max_frames=max_frames, options=options)

    monkeypatch.setattr(item_preparation.reading, "read_recording", count_reads)
    assert prepare([root], dataset, OPTIONS).num_reused == 8
    assert not read
    assert digests(dataset) == before
    assert (dataset / "split.json").stat().st_mtime_ns == written
    write_frames(root / "a" / "patient9" / "video9", seed=9)
    result = prepare([root], dataset, OPTIONS)
    assert (result.num_items, result.num_reused) == (9, 8)
    assert [path.name for path in read] == ["video9"]


@pytest.mark.usefixtures("in_this_process")
def test_what_an_interrupted_run_finished_is_kept(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C after three videos: the next run begins with the fourth."""
    dataset = tmp_path / "dataset"
    original = item_preparation.reading.read_recording
    calls = []

    def interrupt(path: Path, *, max_frames: int | None, options: ReadingOptions) -> object:
        calls.append(path)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return original(path, max_frames=max_frames, options=options)

    monkeypatch.setattr(item_preparation.reading, "read_recording", interrupt)
    with pytest.raises(KeyboardInterrupt):
        prepare([videos], dataset, OPTIONS)
    assert not (dataset / "prepare.json").exists()
    monkeypatch.undo()
    assert prepare([videos], dataset, OPTIONS).num_reused == 3


def test_bad_files_are_reported_and_skipped(tmp_path: Path) -> None:
    """Empty, truncated, text, no pixels, too short: the others are prepared all the same."""
    root = tmp_path / "input"
    write_frames(root / "a" / "good", seed=0)
    write_frames(root / "a" / "short", seed=1, num_frames=5)
    (root / "a" / "empty.mp4").touch()
    (root / "a" / "text.png").write_text("no picture")
    (root / "a" / "cut.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 64)
    Image.new("L", (1, 1)).save(root / "a" / "tiny.png")
    Image.new("L", (64, 64)).save(root / "a" / "black.png")
    result = prepare([root], tmp_path / "dataset", OPTIONS)
    assert (result.num_items, result.num_failures, result.num_dropped) == (1, 5, 1)
    page = (tmp_path / "dataset" / "quality.html").read_text()
    dropped = json.loads((tmp_path / "dataset" / "prepare.json").read_text())["dropped"]
    assert {drop["item_id"]: drop["is_failure"] for drop in dropped} == {
        "a/black.png": True,
        "a/cut.mp4": True,
        "a/empty.mp4": True,
        "a/short": False,
        "a/text.png": True,
        "a/tiny.png": True,
    }
    assert all(drop["item_id"] in page for drop in dropped)
    assert str(tmp_path) not in json.dumps(dropped)


def test_an_empty_side_is_told(tmp_path: Path) -> None:
    """Three sides, two patients."""
    for number in range(2):
        write_frames(tmp_path / "in" / "a" / f"patient{number}" / "video", seed=number)
    text = StringIO()
    prepare([tmp_path / "in"], tmp_path / "data", OPTIONS, console=Console(file=text))
    assert "note: no group is left for test; choose other shares with --split" in text.getvalue()


def test_nothing_usable_ends_the_run_and_leaves_nothing(tmp_path: Path) -> None:
    """With the first reason."""
    root = tmp_path / "input"
    (root / "a").mkdir(parents=True)
    (root / "a" / "empty.mp4").touch()
    with pytest.raises(SonoloopError, match=r"none of 1 recordings can be used.*empty\.mp4: "):
        prepare([root], tmp_path / "dataset", OPTIONS)
    assert not (tmp_path / "dataset").exists()


@pytest.mark.usefixtures("in_this_process")
def test_a_full_disk_is_said_and_nothing_half_written_stays(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older dataset in the same place stays as it was."""
    dataset = tmp_path / "dataset"
    prepare([videos], dataset, OPTIONS)
    before = digests(dataset)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(SonoloopError, match="no space left on the disk; free some or choose"):
        prepare([videos], tmp_path / "new", OPTIONS)
    assert not (tmp_path / "new").exists()
    with pytest.raises(SonoloopError, match="no space left on the disk"):
        prepare([videos], dataset, OPTIONS.model_copy(update={"seed": 1}))
    assert digests(dataset) == before


def test_a_folder_that_another_run_fills_is_left_alone(
    videos: Path, tmp_path: Path, claimed_elsewhere: Elsewhere
) -> None:
    """What that run has finished so far stays."""
    half = tmp_path / "data" / ".partial" / "items" / "half.npy"
    half.parent.mkdir(parents=True)
    half.touch()
    claim = tmp_path / "data" / CLAIM_FILE
    with claimed_elsewhere(tmp_path / "data"):
        with pytest.raises(UsageError, match="is being written by another run"):
            prepare([videos], tmp_path / "data", OPTIONS)
        assert half.exists()
    assert prepare([videos], tmp_path / "data", OPTIONS).num_items == 8
    assert not claim.exists()


def test_outputs_that_cannot_be_are_refused(videos: Path, tmp_path: Path) -> None:
    """Below a file, the input itself, a folder of other things."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot be written \(Not a directory\); choose another"):
        prepare([videos], tmp_path / "file" / "dataset", OPTIONS)
    with pytest.raises(UsageError, match="is the input; choose another --out"):
        prepare([videos], videos, OPTIONS)
    with pytest.raises(UsageError, match="holds other files than a dataset"):
        prepare([videos], tmp_path, OPTIONS)


def test_inputs_that_cannot_be_are_refused(tmp_path: Path) -> None:
    """None, an empty folder, impossible ratios, two windows: nothing is made."""
    out = tmp_path / "dataset"
    (tmp_path / "input").mkdir()
    with pytest.raises(UsageError, match="no input given"):
        prepare([], out, OPTIONS)
    with pytest.raises(UsageError, match="no recordings found"):
        prepare([tmp_path / "input"], out, OPTIONS)
    with pytest.raises(UsageError, match="give three numbers"):
        prepare([tmp_path / "input"], out, PrepareOptions(split="0.7"))
    with pytest.raises(ValidationError, match="exactly one of window_s and window_frames"):
        prepare([tmp_path / "input"], out, PrepareOptions(window_s=1.0, window_frames=48))
    assert not out.exists()


@pytest.mark.skipif(REAL is None, reason="needs SONOLOOP_REAL_DATA")
def test_real_clips_and_stills_become_a_dataset(tmp_path: Path) -> None:
    """Four POCUS files (gif, mov, mpeg, avi) by a manifest, three BUSI stills with masks."""
    real = Path(REAL or "")
    pocus, busi = tmp_path / "pocus", tmp_path / "busi"
    names = (
        "Cov-Atlas-Day+1.gif",
        "Reg_recommendations_alines_mov1.mov",
        "Reg_pat1Image_132943.mpeg",
        "Pneu_northumbria_0409_set1_vid1.avi",
    )
    (pocus / "videos").mkdir(parents=True)
    for path in (real / "pocus" / "videos").rglob("*"):
        if path.name in names:
            copy = pocus / path.relative_to(real / "pocus")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    lines = (real / "pocus" / "manifest.csv").read_text().splitlines()
    kept = [line for line in lines if line.split("/")[-1].split(",")[0] in names]
    (pocus / "manifest.csv").write_text("\n".join([lines[0], *kept]))
    (busi / "benign").mkdir(parents=True)
    for path in sorted((real / "busi" / "benign").glob("benign (1??)*.png"))[:6]:
        shutil.copy(path, busi / "benign")
    result = prepare([pocus, busi], tmp_path / "dataset", OPTIONS)
    assert result.num_failures == 0
    index = pl.read_parquet(tmp_path / "dataset" / "index.parquet")
    videos = index.filter(pl.col("kind") == "video")
    assert len(videos) == 4
    assert videos["frame_rate_hz"].min() == pytest.approx(10, rel=0.01)  # the gif's own times
    assert set(index.filter(pl.col("kind") == "still")["label"]) == {"benign"}
