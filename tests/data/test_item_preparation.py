"""One file becomes its stored frames, once."""

import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from pydicom import examples

from sonoloop.data import item_preparation
from sonoloop.data.item_preparation import (
    ItemTask,
    PreparedItem,
    item_key,
    prepare_item,
    read_prepared,
)
from sonoloop.data.phantom import phantom_clip
from sonoloop.errors import LeftOutError, UnreadableFileError


def write_frames(folder: Path, num_frames: int, num_black: int = 0) -> None:
    """Write a phantom as numbered frames, black ones first."""
    folder.mkdir()
    frames = phantom_clip(np.random.default_rng(0), size=96, num_frames=num_frames)
    frames[:num_black] = 0
    for frame_index, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"{frame_index}.png")


@pytest.fixture
def task(tmp_path: Path) -> ItemTask:
    """Describe a video of 30 frames whose first 2 are black."""
    write_frames(tmp_path / "video", 30, num_black=2)
    (tmp_path / "work").mkdir()
    return ItemTask(
        item_id="video",
        path=tmp_path / "video",
        first_frame=2,
        size=64,
        num_frames=16,
        max_frames=None,
        work=tmp_path / "work",
    )


def test_frames_before_the_first_usable_one_are_left_out(task: ItemTask) -> None:
    """Frames and times start at it; the scan fills the square."""
    prepared = prepare_item(task)
    frames, times_s = read_prepared(task.work, prepared.key)
    assert (prepared.kind, prepared.num_frames, prepared.source_height) == ("video", 28, 96)
    assert frames.shape == (28, 64, 64)
    assert frames[0].max() > 0
    assert times_s[0] == 0
    assert prepared.duration_s == pytest.approx(27 / 25)
    assert len(prepared.hashes) == 16


def test_blank_frames_at_the_ends_are_left_out(task: ItemTask) -> None:
    """With a warning; those in the middle stay."""
    for frame_index in (15, 28, 29):
        Image.new("L", (96, 96)).save(task.path / f"{frame_index}.png")
    prepared = prepare_item(replace(task, first_frame=0))
    frames, times_s = read_prepared(task.work, prepared.key)
    assert (len(frames), times_s[0]) == (26, 0)
    assert frames[13].max() == 0
    assert prepared.warnings == ("4 blank frames at the start or end are left out",)
    with pytest.raises(LeftOutError, match="has 26 usable frames, at least 27 are needed"):
        prepare_item(replace(task, first_frame=0, num_frames=27))


def test_facts_come_back_from_json(task: ItemTask) -> None:
    """Tuples and all."""
    prepared = replace(prepare_item(task), pixel_spacing_mm=(0.1, 0.2), warnings=("w",))
    assert PreparedItem.from_json(json.loads(json.dumps(asdict(prepared)))) == prepared


def test_an_item_is_prepared_once(task: ItemTask) -> None:
    """Neither one in the work folder nor one of an earlier dataset is read again."""
    prepared = prepare_item(task)
    frames = task.work / f"{prepared.key}.frames.npy"
    before = frames.stat().st_mtime_ns
    assert prepare_item(task) == prepared
    assert frames.stat().st_mtime_ns == before
    for path in task.work.iterdir():
        path.unlink()
    assert prepare_item(replace(task, earlier=prepared)) == prepared
    assert not list(task.work.iterdir())


def test_content_and_settings_make_the_key(task: ItemTask) -> None:
    """The place does not; order of frames does."""
    key = item_key(task)
    assert item_key(replace(task, work=task.path, item_id="other")) == key
    assert item_key(replace(task, size=128)) != key
    assert item_key(replace(task, first_frame=0)) != key
    moved = task.path.with_name("moved")
    task.path.rename(moved)
    assert item_key(replace(task, path=moved)) == key
    (moved / "0.png").rename(moved / "30.png")
    assert item_key(replace(task, path=moved)) != key


def test_most_frames_are_counted_from_the_first_usable_one(task: ItemTask) -> None:
    """20 of the 28."""
    assert prepare_item(replace(task, max_frames=20)).num_frames == 20


def test_short_videos_are_told_from_unreadable_ones(task: ItemTask) -> None:
    """With the frames found and needed."""
    with pytest.raises(LeftOutError, match="has 10 usable frames, at least 16 are needed"):
        prepare_item(replace(task, first_frame=20))
    with pytest.raises(UnreadableFileError, match="first_valid_frame is 40, but it has 30 frames"):
        prepare_item(replace(task, first_frame=40))


def test_a_still_is_one_frame(task: ItemTask, tmp_path: Path) -> None:
    """Without rate or duration."""
    prepared = prepare_item(replace(task, path=task.path / "5.png", first_frame=0))
    assert (prepared.kind, prepared.num_frames) == ("still", 1)
    assert (prepared.frame_rate_hz, prepared.duration_s) == (None, 0)
    Image.open(task.path / "5.png").save(tmp_path / "one.gif")
    assert prepare_item(replace(task, path=tmp_path / "one.gif", first_frame=0)).kind == "still"


def test_a_dicom_still_may_be_named_by_its_uid(task: ItemTask, tmp_path: Path) -> None:
    """As scanners export: what follows the last dot is no suffix."""
    path = tmp_path / "1.2.840.5"
    still = examples.ybr_color
    still.NumberOfFrames = 1
    still.save_as(path)
    assert prepare_item(replace(task, path=path, first_frame=0)).kind == "still"


def test_a_video_of_one_frame_is_no_still(task: ItemTask, tmp_path: Path) -> None:
    """It should have had more, so it counts as unreadable."""
    path = tmp_path / "one.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 96
        pixels = np.asarray(Image.open(task.path / "5.png").convert("RGB"))
        container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels)))
        container.mux(stream.encode())
    with pytest.raises(UnreadableFileError, match="a video of one frame; at least 16 are needed"):
        prepare_item(replace(task, path=path, first_frame=0))


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser reads every file")
def test_a_file_that_may_not_be_read_is_unreadable(task: ItemTask, tmp_path: Path) -> None:
    """Not the end of the run."""
    path = tmp_path / "a.png"
    path.touch(mode=0)
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        prepare_item(replace(task, path=path))


def test_a_file_that_is_gone_is_unreadable(task: ItemTask, tmp_path: Path) -> None:
    """Not the end of the run either."""
    with pytest.raises(UnreadableFileError, match=r"cannot be read \(No such file"):
        prepare_item(replace(task, path=tmp_path / "absent.png"))


def test_an_update_of_the_readers_reads_files_anew(
    task: ItemTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key depends on the code of every reader, also of those that only others import."""
    key = item_key(task)
    original = Path.read_text

    def read_changed(path: Path) -> str:
        return original(path) + ("# changed" if path.name == "still_files.py" else "")

    item_preparation._code_digest.cache_clear()  # noqa: SLF001
    monkeypatch.setattr(Path, "read_text", read_changed)
    changed = item_key(task)
    monkeypatch.undo()
    item_preparation._code_digest.cache_clear()  # noqa: SLF001
    assert changed != key == item_key(task)
