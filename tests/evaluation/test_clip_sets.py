"""Clips of folders and datasets."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sonoloop.data.splits import write_split
from sonoloop.data.store import Entry, StoreWriter
from sonoloop.errors import UsageError
from sonoloop.evaluation.clip_sets import (
    clip_stem,
    dataset_clips,
    folder_clips,
    is_dataset,
    open_dataset,
    to_clip,
)
from sonoloop.limited_process import Limits

RNG = np.random.default_rng(0)


def levels(num_frames: int = 16, size: int = 32) -> np.ndarray:
    """Draw noise."""
    return RNG.integers(0, 256, (num_frames, size, size), dtype=np.uint8)


def write_gif(path: Path, frames: np.ndarray) -> None:
    """Write frames at 10 Hz."""
    first, *others = [Image.fromarray(frame) for frame in frames]
    first.save(path, save_all=True, append_images=others, duration=100)


def test_folder_of_many_kinds_is_read(tmp_path: Path) -> None:
    """Arrays, gifs and frame folders; the array is preferred to the gif of the same name."""
    clip = levels()
    np.save(tmp_path / "a.npy", clip)
    write_gif(tmp_path / "a.gif", levels())
    write_gif(tmp_path / "b.gif", levels())
    (tmp_path / "c").mkdir()
    for number, frame in enumerate(levels()):
        Image.fromarray(frame).save(tmp_path / "c" / f"{number}.png")
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    np.save(tmp_path / "still.npy", levels(1))
    Image.fromarray(clip[0]).save(tmp_path / "strip.png")
    found = folder_clips(tmp_path)
    assert [source.name for source in found.sources] == ["a.npy", "b.gif", "c"]
    assert found.sources[1].frame_rate_hz == pytest.approx(10)
    assert {source.shape for source in found.sources} == {(16, 32, 32)}
    assert {name for name, _ in found.failures} == {"broken.mp4", "still.npy"}
    assert any("no patients are known" in note for note in found.notes)
    np.testing.assert_array_equal(found.sources[0].read(), clip)
    assert torch.equal(found.sources[0].clip(), to_clip(clip))
    assert found.chosen([2, 0]).groups == ["c", "a.npy"]


def test_too_few_clips_are_refused(tmp_path: Path) -> None:
    """The first failure is named; so is a folder that is not there."""
    np.save(tmp_path / "a.npy", levels())
    (tmp_path / "b.mp4").write_bytes(b"no video")
    with pytest.raises(UsageError, match=r"holds 1 usable clips, at least 2 are needed; b\.mp4"):
        folder_clips(tmp_path)
    with pytest.raises(UsageError, match="there is no folder"):
        folder_clips(tmp_path / "gone")


def test_clip_range_is_minus_one_to_one() -> None:
    """Black and white."""
    clip = to_clip(np.array([[[0, 255]]], np.uint8))
    assert clip.flatten().tolist() == [-1, 1]


def test_dataset_gives_one_clip_a_video_and_window(tmp_path: Path) -> None:
    """Videos too short for a second window have none."""
    with StoreWriter(tmp_path / "store", size=64) as writer:
        for number, num_frames in enumerate((50, 100, 130)):
            entry = Entry(f"lung/v{number}.mp4", "x", f"patient {number}", "video")
            writer.add(entry, levels(num_frames, 64), np.arange(num_frames) / 25)
    sides = {f"lung/v{number}.mp4": "test" for number in range(3)}
    write_split(tmp_path / "split.json", sides, ratios=(0.0, 0.0, 1.0), seed=0)  # type: ignore[arg-type]
    assert is_dataset(tmp_path)
    clips = open_dataset(tmp_path, "test")
    first, second = (dataset_clips(clips, tmp_path, window=window) for window in (0, 1))
    assert [source.stem for source in first.sources] == ["lung__v0", "lung__v1", "lung__v2"]
    assert second.groups == ["patient 1", "patient 2"]
    assert second.sources[0].read().shape == (16, 64, 64)
    assert not np.array_equal(first.sources[1].read(), second.sources[0].read())
    assert first.sources[0].frame_rate_hz == pytest.approx(16 / 1.92)


def test_stem_of_an_item() -> None:
    """Folders are kept, so that equal names in two folders differ."""
    assert clip_stem("videos/covid/a.b.mp4") == "videos__covid__a.b"


def test_no_file_is_decoded_in_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A codec that crashes ends another process: here none is called, to search or to read."""
    write_gif(tmp_path / "a.gif", levels())
    for folder in ("frames", "more"):
        (tmp_path / folder).mkdir()
        for number, frame in enumerate(levels(3)):
            Image.fromarray(frame).save(tmp_path / folder / f"{number}.png")

    opened: list[object] = []
    for name in ("PIL.Image.open", "av.open", "sonoloop.data.dicom_series.dcmread"):
        monkeypatch.setattr(name, lambda path, *_, **__: opened.append(path))
    found = folder_clips(tmp_path)
    assert [source.name for source in found.sources] == ["a.gif", "frames", "more"]
    assert found.sources[0].read().shape == (16, 32, 32)
    assert not found.failures
    assert not opened


def test_a_file_that_takes_too_much_is_named_and_the_others_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that crashes its decoder: it costs that file."""
    limits = Limits(cpu_s=60.0, cpu_s_per_mb=0.0, memory_bytes=16 << 20)
    monkeypatch.setattr("sonoloop.evaluation.clip_sets.WHOLE_FILE_LIMITS", limits)
    np.save(tmp_path / "a.npy", levels())
    np.save(tmp_path / "large.npy", np.zeros((16, 2000, 2000), np.uint8))
    np.save(tmp_path / "z.npy", levels())
    found = folder_clips(tmp_path)
    assert [source.name for source in found.sources] == ["a.npy", "z.npy"]
    [(name, reason)] = found.failures
    assert name == "large.npy"
    assert "takes more than 0.0 GB of memory to read" in reason
