"""Which clip each training sample is: classes equally often, synthetic clips at a set share.

Sample n depends on the seed and n alone, so training resumes by starting at another n.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sonoloop.classification.labelled_clips import LabelledClips
from sonoloop.errors import UsageError

Places = npt.NDArray[np.intp]

# Streams of random numbers that must never coincide: SeedSequence([seed, stream, ...]).
_CLASS_STREAM, _VIDEO_STREAM, _WINDOW_STREAM = 11, 12, 13


class BalancedOrder:
    """An endless order of the training clips.

    Args:
        clips: What to draw from.
        seed: Of the order.
        class_balanced: Whether every class comes equally often; else every video does.
        synthetic_share: Share of synthetic samples; None draws from all clips alike.

    Raises:
        UsageError: If a share is asked for that the clips cannot give.
    """

    def __init__(
        self,
        clips: LabelledClips,
        *,
        seed: int,
        class_balanced: bool = True,
        synthetic_share: float | None = None,
    ) -> None:
        """Sort the clips by origin, class and video."""
        self._seed = seed
        self._share = synthetic_share
        origins = [np.ones(len(clips), bool)]
        if synthetic_share is not None:
            origins = [~clips.synthetic, clips.synthetic]
        self._parts = [
            _Part(clips, origin, seed=[seed, number], class_balanced=class_balanced)
            for number, origin in enumerate(origins)
        ]
        if synthetic_share is not None:
            _check_share(self._parts, synthetic_share)

    def __getitem__(self, n: int) -> int:
        """Tell the place of sample n among the clips."""
        part, position = 0, n
        if self._share is not None:
            before, after = _rounded(n, self._share), _rounded(n + 1, self._share)
            part = after - before
            position = before if part else n - before
        return self._parts[part].place(position)


def _rounded(n: int, share: float) -> int:
    """Count the synthetic samples among the first n."""
    return int(n * share + 0.5)


def _check_share(parts: Sequence["_Part"], share: float) -> None:
    for part, wanted, word in zip(parts, (1 - share, share), ("real", "synthetic"), strict=True):
        if wanted > 0 and not part.classes:
            msg = f"synthetic_share {share:g} needs {word} clips, and there are none"
            raise UsageError(msg)
    if 0 < share < 1 and parts[0].classes != parts[1].classes:
        real, made = (" and ".join(map(str, part.classes)) for part in parts)
        msg = (
            f"real clips are of class {real}, synthetic ones of class {made}: "
            "synthesize every class, or leave synthetic_share out"
        )
        raise UsageError(msg)


class _Part:
    """The clips of one origin, drawn class by class, video by video."""

    def __init__(
        self,
        clips: LabelledClips,
        members: npt.NDArray[np.bool_],
        *,
        seed: list[int],
        class_balanced: bool,
    ) -> None:
        self._seed = seed
        labels = clips.labels if class_balanced else np.zeros_like(clips.labels)
        self.classes = sorted(set(clips.labels[members].tolist()))
        self._videos = [
            _places_by_video(clips.videos, np.flatnonzero(members & (labels == number)))
            for number in sorted(set(labels[members].tolist()))
        ]
        self._orders: dict[tuple[int, ...], Places] = {}

    def place(self, position: int) -> int:
        """Every round has each class once; every pass over a class has each of its videos once."""
        turn, within = divmod(position, len(self._videos))
        number = int(self._order((_CLASS_STREAM, 0), turn, len(self._videos))[within])
        videos = self._videos[number]
        visit, at = divmod(turn, len(videos))
        windows = videos[self._order((_VIDEO_STREAM, number), visit, len(videos))[at]]
        if len(windows) == 1:
            return int(windows[0])
        rng = np.random.default_rng([*self._seed, _WINDOW_STREAM, position])
        return int(windows[rng.integers(len(windows))])

    def _order(self, stream: tuple[int, int], number: int, count: int) -> Places:
        """Shuffle once per round or pass, and keep only the latest of each stream."""
        key = (*stream, number)
        if key not in self._orders:
            self._orders = {old: kept for old, kept in self._orders.items() if old[:2] != stream}
            self._orders[key] = np.random.default_rng([*self._seed, *key]).permutation(count)
        return self._orders[key]


def _places_by_video(videos: npt.NDArray[np.int64], places: Places) -> list[Places]:
    return [places[videos[places] == video] for video in np.unique(videos[places])]
