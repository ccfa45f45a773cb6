"""Clips cover their window in time, and training can resume at any sample."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonoloop.data.clip_sampling import ClipSet, TrainingClips, clip_indices, num_starts
from sonoloop.data.config import ClipConfig
from sonoloop.data.splits import write_split
from sonoloop.data.store import Entry, StoreWriter
from sonoloop.errors import UsageError

SIZE = 64
SECONDS = ClipConfig(size=SIZE)
FRAMES = ClipConfig(size=SIZE, window_frames=48)


def times(count: int, rate_hz: float) -> np.ndarray:
    """Steady frame times."""
    return np.arange(count) / rate_hz


def make_dataset(folder: Path, videos: dict[str, tuple[int, float]], num_stills: int = 0) -> Path:
    """Write a dataset whose frames hold their own number; all in train but the last video."""
    with StoreWriter(folder / "store", size=SIZE) as writer:
        for name, (count, rate_hz) in videos.items():
            numbers = np.arange(count, dtype=np.uint8)[:, None, None]
            frames = np.broadcast_to(numbers, (count, SIZE, SIZE))
            writer.add(Entry(name, name[0], f"of {name}", "video"), frames, times(count, rate_hz))
        for number in range(num_stills):
            frames = np.full((1, SIZE, SIZE), number, dtype=np.uint8)
            writer.add(Entry(f"still{number}", None, f"s{number}", "still"), frames, np.zeros(1))
    sides = dict.fromkeys([*videos, *(f"still{number}" for number in range(num_stills))], "train")
    sides[list(videos)[-1]] = "validation"
    write_split(folder / "split.json", sides, ratios=(0.7, 0.3, 0.0), seed=0)
    return folder


def frame_numbers(clip: np.ndarray) -> list[int]:
    """Tell which frames a clip was made of."""
    assert clip.dtype == np.uint8
    return clip[:, 0, 0].tolist()


def test_papers_window_takes_every_third_frame() -> None:
    """48 frames at 25 Hz, 16 of them: 0, 3, ..., 45, in seconds and in frames alike."""
    for config in (SECONDS, FRAMES):
        indices = clip_indices(times(48, 25), config, 0)
        assert indices.tolist() == list(range(0, 48, 3))


def test_a_window_in_seconds_does_not_depend_on_the_rate() -> None:
    """At 50 Hz every sixth frame; at 10 Hz the frame nearest to each multiple of 0.12 s."""
    assert clip_indices(times(200, 50), SECONDS, 4).tolist() == list(range(4, 100, 6))
    expected = [round(1.2 * k) for k in range(16)]
    assert clip_indices(times(30, 10), SECONDS, 0).tolist() == expected


def test_variable_frame_times_are_followed() -> None:
    """A pause in the recording is a pause in the clip's frame numbers, not in its time."""
    steady = times(100, 25)
    paused = np.where(np.arange(100) < 10, steady, steady + 0.6)
    indices = clip_indices(paused, SECONDS, 0)
    wanted = np.arange(16) * 0.12
    late = np.abs(paused[indices] - wanted)
    assert late.max() <= 0.6  # the pause
    assert late[:4].max() <= 0.02
    assert late[-5:].max() <= 0.02


def test_a_short_video_gives_all_it_has() -> None:
    """20 frames at 25 Hz are 0.8 s: the 16 frames are spread from first to last."""
    for config in (SECONDS, FRAMES):
        assert num_starts(times(20, 25), config) == 0
        indices = clip_indices(times(20, 25), config, 0)
        assert (indices[0], indices[-1], len(set(indices.tolist()))) == (0, 19, 16)


def test_a_slow_video_gives_consecutive_frames() -> None:
    """At 4 Hz the window holds 8 frames: 16 in a row are taken instead of each twice."""
    assert clip_indices(times(40, 4), SECONDS, 3).tolist() == list(range(3, 19))
    assert num_starts(times(40, 4), SECONDS) == 25


@given(
    count=st.integers(16, 300),
    rate_hz=st.floats(1, 120),
    window_s=st.floats(0.1, 10),
    start_share=st.floats(0, 1),
    jitter=st.integers(0, 2**32 - 1),
)
def test_frames_of_a_clip_are_distinct_and_in_order(
    count: int, rate_hz: float, window_s: float, start_share: float, jitter: int
) -> None:
    """Whatever the rate, the window and the unevenness of the frame times."""
    intervals = np.random.default_rng(jitter).uniform(0.2, 1.8, count) / rate_hz
    times_s = np.cumsum(intervals) - intervals[0]
    config = ClipConfig(size=SIZE, window_s=window_s)
    starts = num_starts(times_s, config)
    start = int(start_share * max(starts - 1, 0))
    indices = clip_indices(times_s, config, start)
    assert indices[0] == start
    assert np.all(np.diff(indices) >= 1)
    assert indices[-1] < count


def test_a_start_without_a_whole_window_is_refused() -> None:
    """With the starts there are."""
    with pytest.raises(ValueError, match="start must be 0 to 2, got 3"):
        clip_indices(times(50, 25), FRAMES, 3)


def test_random_clips_reach_every_start(tmp_path: Path) -> None:
    """Uniformly: 53 frames have 6 windows of 48."""
    clips = ClipSet.open(make_dataset(tmp_path, {"a": (53, 25), "b": (60, 25)}), "train", FRAMES)
    rng = np.random.default_rng(0)
    starts = Counter(frame_numbers(clips.random_clip(0, rng))[0] for _ in range(600))
    assert sorted(starts) == [0, 1, 2, 3, 4, 5]
    assert min(starts.values()) > 60


@pytest.mark.parametrize("config", [SECONDS, FRAMES])
def test_disjoint_windows_lie_behind_one_another(tmp_path: Path, config: ClipConfig) -> None:
    """Four windows fit into 8 s at 25 Hz; the next one begins where the last one ends."""
    clips = ClipSet.open(make_dataset(tmp_path, {"a": (200, 25)}), None, config)
    assert clips.num_windows(0) == 4
    for window in range(4):
        clip = clips.clip(0, start_s=window * clips.span_s(0))
        assert frame_numbers(clip) == list(range(48 * window, 48 * window + 48, 3))
    with pytest.raises(ValueError, match=r"a: start_s must be 0 to 6\.\d\d, got 7\.0"):
        clips.clip(0, start_s=7.0)


def test_a_short_video_has_one_window(tmp_path: Path) -> None:
    """And its span says how long it is."""
    clips = ClipSet.open(make_dataset(tmp_path, {"a": (20, 25)}), None, SECONDS)
    assert clips.num_windows(0) == 1
    assert clips.span_s(0) == pytest.approx(0.8)


def test_a_split_holds_its_own_items(tmp_path: Path) -> None:
    """Videos and stills apart, with their labels and groups."""
    dataset = make_dataset(tmp_path, {"a": (48, 25), "b": (48, 25), "c": (60, 25)}, num_stills=2)
    train = ClipSet.open(dataset, "train", SECONDS)
    assert (len(train), train.item_ids, train.labels) == (2, ["a", "b"], ["a", "b"])
    assert train.group_ids == ["of a", "of b"]
    assert ClipSet.open(dataset, "validation", SECONDS).item_ids == ["c"]
    stills = ClipSet.open(dataset, "train", SECONDS, kind="still")
    assert stills.item_ids == ["still0", "still1"]
    assert stills.still(1).shape == (SIZE, SIZE)
    assert stills.still(1)[0, 0] == 1


def test_every_video_comes_once_per_epoch_in_changing_order(tmp_path: Path) -> None:
    """And sample n is the same whatever was read before: resuming is exact."""
    dataset = make_dataset(tmp_path, dict.fromkeys("abcdefgh", (60, 25)))
    clips = ClipSet.open(dataset, None, SECONDS)
    stream = TrainingClips(clips, seed=3, length=24)
    epochs = [[stream.item(n) for n in range(first, first + 8)] for first in (0, 8, 16)]
    assert all(sorted(epoch) == list(range(8)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    forward = [stream[n] for n in range(24)]
    resumed = TrainingClips(clips, seed=3, length=24)
    for n in reversed(range(24)):
        np.testing.assert_array_equal(resumed[n], forward[n])
    other = TrainingClips(clips, seed=4, length=24)
    assert any(frame_numbers(other[n]) != frame_numbers(forward[n]) for n in range(24))


def test_the_stream_ends_at_its_length(tmp_path: Path) -> None:
    """As a loader expects of a map-style data set."""
    clips = ClipSet.open(make_dataset(tmp_path, {"a": (60, 25)}), None, SECONDS)
    stream = TrainingClips(clips, seed=0, length=5)
    assert len(stream) == 5
    with pytest.raises(IndexError, match="sample 5 of 5"):
        stream[5]


def test_a_leaking_split_is_refused(tmp_path: Path) -> None:
    """A group on two sides: nothing is trained on it."""
    dataset = make_dataset(tmp_path, {"a": (48, 25), "b": (48, 25)})
    index = dataset / "store" / "store.json"
    index.write_text(index.read_text().replace('"of b"', '"of a"'))
    with pytest.raises(UsageError, match="the split leaks, 1 groups are torn"):
        ClipSet.open(dataset, "train", SECONDS)


def test_a_split_of_other_items_is_refused(tmp_path: Path) -> None:
    """Naming one of them."""
    dataset = make_dataset(tmp_path, {"a": (48, 25), "b": (48, 25)})
    split = json.loads((dataset / "split.json").read_text())
    del split["items"]["b"]
    (dataset / "split.json").write_text(json.dumps(split))
    with pytest.raises(UsageError, match="differ in 1 items, such as b"):
        ClipSet.open(dataset, "train", SECONDS)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    """Another size, an empty side, too few frames, no dataset."""
    dataset = make_dataset(tmp_path / "data", {"a": (20, 25), "b": (20, 25)})
    with pytest.raises(UsageError, match=r"frames of 64 pixels, 128 asked for; set clip\.size"):
        ClipSet.open(dataset, "train", ClipConfig())
    with pytest.raises(UsageError, match="its test split holds no videos"):
        ClipSet.open(dataset, "test", SECONDS)
    with pytest.raises(UsageError, match=r"a has 20 frames, clip\.num_frames is 32"):
        ClipSet.open(dataset, "train", ClipConfig(size=SIZE, num_frames=32))
    with pytest.raises(UsageError, match="no clip store here"):
        ClipSet.open(tmp_path, "train", SECONDS)
