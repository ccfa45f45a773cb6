"""Clips of a fixed number of frames, cut out of the videos of one split.

A window is a stretch of video, in seconds by default (so that a 10 Hz and a 50 Hz recording of
the same movement give the same clip) or in frames (the paper). Its frames are spread evenly:
with the paper's 48 frames at 25 Hz, every third. A video shorter than the window gives all it
has, and one recorded too slowly for distinct frames gives consecutive frames.
"""

import bisect
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sonoloop.data.config import ClipConfig
from sonoloop.data.dataset_source import FrameStore, open_source
from sonoloop.data.recording import Frames
from sonoloop.data.splits import SplitName, refuse_leaks
from sonoloop.data.stored_item import Kind
from sonoloop.errors import UsageError

Indices = npt.NDArray[np.intp]

# Streams of random numbers that must never coincide: SeedSequence([seed, stream, counter]).
_WINDOW_STREAM = 1
_ORDER_STREAM = 2


def num_starts(times_s: npt.NDArray[np.float64], config: ClipConfig) -> int:
    """Count the frames at which a whole window can begin; 0 where the video is too short.

    Args:
        times_s: Time of each frame in seconds, strictly increasing.
        config: The window.

    Returns:
        Frames 0 to this number - 1 are possible starts.
    """
    count = len(times_s)
    if config.window_s is None:
        return max(0, count - (config.window_frames or 0) + 1)
    reach = config.window_s * (config.num_frames - 1) / config.num_frames
    half_interval = (times_s[-1] - times_s[0]) / max(count - 1, 1) / 2
    starts = bisect.bisect_right(times_s, times_s[-1] - reach + half_interval)
    return max(0, min(starts, count - config.num_frames + 1))


def clip_span_s(times_s: npt.NDArray[np.float64], config: ClipConfig) -> float:
    """Tell how many seconds of video a clip stands for.

    Args:
        times_s: Time of each frame in seconds, strictly increasing.
        config: The window.

    Returns:
        The window; less for a video shorter than it, more for one too slow for distinct frames.
    """
    interval_s = float(times_s[-1]) / max(len(times_s) - 1, 1)
    if num_starts(times_s, config) == 0:
        return float(times_s[-1]) + interval_s
    if config.window_s is not None:
        return max(config.window_s, interval_s * config.num_frames)
    return interval_s * (config.window_frames or 0)


def clip_indices(times_s: npt.NDArray[np.float64], config: ClipConfig, start: int) -> Indices:
    """Choose the frames of the clip whose first frame is ``start``.

    Args:
        times_s: Time of each frame in seconds, strictly increasing; at least
            ``config.num_frames`` of them.
        config: Window and number of frames.
        start: Index of the clip's first frame; only 0 where the window is longer than the video.

    Returns:
        ``config.num_frames`` strictly increasing frame numbers.
    """
    steps = np.arange(config.num_frames)
    possible = num_starts(times_s, config)
    if start < 0 or start >= max(possible, 1):
        msg = f"start must be 0 to {max(possible, 1) - 1}, got {start}"
        raise ValueError(msg)
    if possible == 0:
        return _spread(0, len(times_s) - 1, config.num_frames)
    if config.window_s is None:
        return _as_indices(start + steps * (config.window_frames or 0) // config.num_frames)
    wanted = times_s[start] + steps * (config.window_s / config.num_frames)
    after = np.searchsorted(times_s, wanted).clip(1, len(times_s) - 1)
    indices = after - (wanted - times_s[after - 1] < times_s[after] - wanted)
    # Where frames lie further apart than the clip's, take the next one instead of one twice.
    indices = np.maximum.accumulate(indices - steps) + steps
    return _as_indices(np.minimum(indices, len(times_s) - config.num_frames + steps))


def _spread(first: int, last: int, count: int) -> Indices:
    return _as_indices(np.linspace(first, last, count).round())


def _as_indices(values: npt.NDArray[np.generic]) -> Indices:
    return values.astype(np.intp, copy=False)


class ClipSet:
    """The videos (or stills) of one split, each able to give clips.

    Args:
        store: The frames.
        config: What a clip is.
        items: Store numbers of the items of this set.
    """

    def __init__(self, store: FrameStore, config: ClipConfig, items: list[int]) -> None:
        """Precompute where windows can begin."""
        self.config = config
        self._store = store
        self._items = items
        self.item_ids = [store.items[item].item_id for item in items]
        self.labels = [store.items[item].label for item in items]
        self.group_ids = [store.items[item].group_id for item in items]
        self._num_starts = [num_starts(store.times_s(item), config) for item in items]

    @classmethod
    def open(
        cls, dataset: Path, split: SplitName | None, config: ClipConfig, *, kind: Kind = "video"
    ) -> "ClipSet":
        """Open one side of a prepared dataset.

        Args:
            dataset: Folder of ``sonoloop data prepare`` or file of ``sonoloop data pack``.
            split: "train", "validation" or "test"; None for all items.
            config: What a clip is; its size must be the dataset's.
            kind: Videos or stills.

        Raises:
            UsageError: If there is no dataset, its size differs, its split leaks or does not fit
                the store, or nothing of this kind is in the split.
        """
        store, sides = open_source(dataset)
        if store.size != config.size:
            msg = (
                f"{dataset}: frames of {store.size} pixels, {config.size} asked for; set "
                f"clip.size to {store.size} or prepare the dataset with --size {config.size}"
            )
            raise UsageError(msg)
        refuse_leaks({item.item_id: item.group_id for item in store.items}, sides, dataset)
        items = [
            number
            for number, item in enumerate(store.items)
            if item.kind == kind and (split is None or sides[item.item_id] == split)
        ]
        if not items:
            where = "it" if split is None else f"its {split} split"
            msg = f"{dataset}: {where} holds no {kind}s; see quality.html there for what it holds"
            raise UsageError(msg)
        for number in items if kind == "video" else []:
            stored = store.items[number]
            if stored.num_frames < config.num_frames:
                msg = (
                    f"{dataset}: {stored.item_id} has {stored.num_frames} frames, clip.num_frames "
                    f"is {config.num_frames}; lower it or prepare with --num-frames"
                )
                raise UsageError(msg)
        return cls(store, config, items)

    def __len__(self) -> int:
        """Count the videos or stills."""
        return len(self._items)

    def num_short(self) -> int:
        """Count the videos that are shorter than the window."""
        return sum(starts == 0 for starts in self._num_starts)

    def random_clip(self, item: int, rng: np.random.Generator) -> Frames:
        """Cut a clip at a random place.

        Args:
            item: Number of the video in this set.
            rng: Source of the window's start, uniform over the possible ones.

        Returns:
            Frames (num_frames, size, size), uint8, a copy.
        """
        starts = self._num_starts[item]
        return self._read(item, int(rng.integers(starts)) if starts > 1 else 0)

    def clip(self, item: int, *, start_s: float = 0.0) -> Frames:
        """Cut the clip that begins nearest to a time.

        Args:
            item: Number of the video in this set.
            start_s: Seconds from the first frame.

        Returns:
            Frames (num_frames, size, size), uint8, a copy.

        Raises:
            ValueError: If no whole window begins at that time.
        """
        times_s = self._store.times_s(self._items[item])
        start = int(np.abs(times_s - start_s).argmin())
        if start_s < 0 or start >= max(self._num_starts[item], 1):
            latest = times_s[max(self._num_starts[item], 1) - 1]
            msg = f"{self.item_ids[item]}: start_s must be 0 to {latest:.2f}, got {start_s}"
            raise ValueError(msg)
        return self._read(item, start)

    def num_windows(self, item: int) -> int:
        """Count the windows that lie behind one another without overlap; at least 1.

        Window k begins ``k * span_s(item)`` seconds from the first frame.
        """
        starts = self._num_starts[item]
        if starts == 0:
            return 1
        if self.config.window_frames is not None:
            return (starts - 1) // self.config.window_frames + 1
        times_s = self._store.times_s(self._items[item])
        return int(times_s[starts - 1] // self.span_s(item)) + 1

    def span_s(self, item: int) -> float:
        """Seconds of video a clip of this item stands for."""
        return clip_span_s(self._store.times_s(self._items[item]), self.config)

    def still(self, item: int) -> Frames:
        """Return the item's first frame (size, size), a copy."""
        frame: Frames = self._store.frames(self._items[item])[0].copy()
        return frame

    def _read(self, item: int, start: int) -> Frames:
        number = self._items[item]
        indices = clip_indices(self._store.times_s(number), self.config, start)
        clip: Frames = self._store.frames(number).take(indices, axis=0)
        return clip


class TrainingClips:
    """An endless shuffled stream of random clips, addressed by sample number.

    Sample n depends on ``seed`` and n alone, so training resumes by starting at another n and
    any number of loader workers gives the same clips. Every video comes once per epoch of
    ``len(clips)`` samples, in an order of its own.

    Args:
        clips: The videos.
        seed: Of order and windows.
        length: Number of samples in all.
    """

    def __init__(self, clips: ClipSet, *, seed: int, length: int) -> None:
        """Remember the stream; nothing is read yet."""
        self._clips = clips
        self._seed = seed
        self._length = length
        self._order: tuple[int, Indices] | None = None

    def __len__(self) -> int:
        """Count the samples."""
        return self._length

    def item(self, n: int) -> int:
        """Tell which video sample n comes from."""
        epoch, position = divmod(n, len(self._clips))
        if self._order is None or self._order[0] != epoch:
            rng = np.random.default_rng([self._seed, _ORDER_STREAM, epoch])
            self._order = epoch, rng.permutation(len(self._clips))
        return int(self._order[1][position])

    def __getitem__(self, n: int) -> Frames:
        """Cut sample n (num_frames, size, size), uint8.

        Raises:
            IndexError: If n is not a sample number of the stream.
        """
        if not 0 <= n < self._length:
            msg = f"sample {n} of {self._length}"
            raise IndexError(msg)
        rng = np.random.default_rng([self._seed, _WINDOW_STREAM, n])
        return self._clips.random_clip(self.item(n), rng)
