"""Clips with the class, the patient and the origin of each: all a classifier is given."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sonoloop.errors import UsageError


@dataclass(frozen=True, eq=False)
class LabelledClips:
    """Clips of one length and size, real and synthetic, in memory or mapped from a file.

    Args:
        clips: Grey frames (n, frames, height, width), uint8.
        labels: Class number of each clip, int64.
        groups: Patient (or what else must stay together) of each clip.
        synthetic: True where a generator made the clip.
        videos: Number of the video each clip was cut from; empty where each is a video of its own.
    """

    clips: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    groups: tuple[str, ...]
    synthetic: npt.NDArray[np.bool_]
    videos: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def __post_init__(self) -> None:
        """Refuse fields that do not fit one another; number the videos if the caller did not.

        Raises:
            ValueError: If clips are not uint8 of four axes or a field has another length.
        """
        if not len(self.videos):
            object.__setattr__(self, "videos", np.arange(len(self.clips)))
        if self.clips.ndim != 4 or self.clips.dtype != np.uint8:  # noqa: PLR2004
            found = f"{self.clips.dtype} {self.clips.shape}"
            msg = f"need uint8 clips (n, frames, height, width), got {found}"
            raise ValueError(msg)
        for name in ("labels", "groups", "synthetic", "videos"):
            count = len(getattr(self, name))
            if count != len(self.clips):
                msg = f"{len(self.clips)} clips, but {count} {name}"
                raise ValueError(msg)

    def __len__(self) -> int:
        """Count the clips."""
        return len(self.clips)

    @property
    def num_videos(self) -> int:
        """Number of different videos."""
        return len(np.unique(self.videos))

    def select(self, which: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "LabelledClips":
        """Take some of the clips, as a copy.

        Args:
            which: True for each clip wanted, or their places.
        """
        places = np.arange(len(self))[which]
        return LabelledClips(
            self.clips[places],
            self.labels[places],
            tuple(self.groups[place] for place in places),
            self.synthetic[places],
            self.videos[places],
        )

    def of_groups(self, groups: Collection[str]) -> "LabelledClips":
        """Take the clips of some patients.

        Args:
            groups: The patients; those without a clip are passed over.
        """
        wanted = frozenset(groups)
        return self.select(np.array([group in wanted for group in self.groups], dtype=bool))

    @staticmethod
    def concatenate(parts: Sequence["LabelledClips"]) -> "LabelledClips":
        """Put several sets behind one another; their videos stay apart.

        Args:
            parts: At least one set.

        Raises:
            UsageError: If their clips differ in frames or size.
        """
        shapes = list(dict.fromkeys(part.clips.shape[1:] for part in parts))
        if len(shapes) > 1:
            named = " and ".join("{} frames of {} x {}".format(*shape) for shape in shapes)
            msg = f"clips of {named} cannot be mixed: bring them to one size and length first"
            raise UsageError(msg)
        starts = np.cumsum([0, *(part.videos.max(initial=-1) + 1 for part in parts)])
        return LabelledClips(
            np.concatenate([part.clips for part in parts]),
            np.concatenate([part.labels for part in parts]),
            tuple(group for part in parts for group in part.groups),
            np.concatenate([part.synthetic for part in parts]),
            np.concatenate(
                [part.videos + start for part, start in zip(parts, starts, strict=False)]
            ),
        )

    def require_classes(self, classes: Sequence[str], where: str) -> None:
        """Refuse a set in which a class has no clip.

        Args:
            classes: Names of the classes.
            where: What the set is, for the message, such as "the training set".

        Raises:
            UsageError: Naming the class and how many clips the others have.
        """
        counts = np.bincount(self.labels, minlength=len(classes))
        if len(counts) > len(classes):
            msg = f"{where} has the class number {len(counts) - 1}, classes are {len(classes)}"
            raise UsageError(msg)
        missing = [name for name, count in zip(classes, counts, strict=True) if not count]
        if missing:
            found = ", ".join(
                f"{count} of {name}" for name, count in zip(classes, counts, strict=True) if count
            )
            msg = (
                f"{where} holds no clip of {' or '.join(missing)} ({found or 'no clip at all'}): "
                "choose another split, seed or label"
            )
            raise UsageError(msg)


class Held(NamedTuple):
    """The clips of one training.

    Args:
        training: Clips to train on.
        validation: Clips to measure on, None for no figures.
    """

    training: LabelledClips
    validation: LabelledClips | None
