"""The clips of a reader study: real and synthetic, none of which may tell which it is."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np

from sonoloop.data.limited_reading import FIRST_FRAMES_LIMITS
from sonoloop.data.recording import Frames
from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.evaluation.clip_sets import ClipSource, folder_clips
from sonoloop.limited_process import LimitedProcess
from sonoloop.synthesis.manifest import Manifest
from sonoloop.synthesis.provenance import read_provenance

Truth = Literal["real", "synthetic"]
TRUTHS: Final[tuple[Truth, Truth]] = ("real", "synthetic")
"""Also the names of the two folders."""
USUAL_RATE_HZ: Final = 25 / 3
"""Of clips of which no file states a rate: that of the bundled model's loops."""
CARRIES_PROVENANCE: Final = frozenset({".mp4", ".gif", ".dcm"})


class StudyClip(NamedTuple):
    """One clip to judge.

    Args:
        truth: What it is.
        source: Reads it.
    """

    truth: Truth
    source: ClipSource

    @property
    def name(self) -> str:
        """Identity in the answers; never sent to a browser."""
        return f"{self.truth}/{self.source.name}"


class StudyClips(NamedTuple):
    """All clips, to be shown alike.

    Args:
        clips: Real ones, then synthetic ones.
        num_frames: Frames shown of each: of the shortest, so that length tells nothing.
        frame_rate_hz: At which all are shown.
        notes: What may give the answer away, or was left out.
    """

    clips: tuple[StudyClip, ...]
    num_frames: int
    frame_rate_hz: float
    notes: tuple[str, ...]

    def frames(self, number: int) -> Frames:
        """Read what is shown of a clip."""
        return self.clips[number].source.read()[: self.num_frames]


def find_study_clips(folder: Path) -> StudyClips:
    """Find the clips and what could give them away.

    Args:
        folder: Holds the folders ``real`` and ``synthetic``.

    Raises:
        UsageError: If one is missing or empty, real clips were made here, or all synthetic ones
            show the word SYNTHETIC.
    """
    notes: list[str] = []
    clips: list[StudyClip] = []
    for truth in TRUTHS:
        found = folder_clips(folder / truth, at_least=1)
        notes += [f"{truth}/{name} is left out: it {reason}" for name, reason in found.failures]
        with LimitedProcess() as process:
            usable = [
                source
                for source in found.sources
                if _may_be_shown(folder / truth, source, truth, process)
            ]
        num_marked = len(found) - len(usable)
        if not usable:
            msg = (
                f"all {num_marked} clips of {folder / truth} show the word SYNTHETIC, or may: it "
                "would give the answer away. Make them again with 'sonoloop synthesize --formats "
                "npy', which never shows it, or with --no-mark"
            )
            raise UsageError(msg)
        if num_marked:
            notes.append(f"{num_marked} synthetic clips are left out: they show the word SYNTHETIC")
        clips += [StudyClip(truth, source) for source in usable]
    rates = [rate for clip in clips if (rate := clip.source.frame_rate_hz) is not None]
    notes += _differences(clips)
    return StudyClips(
        tuple(clips),
        num_frames=min(clip.source.shape[0] for clip in clips),
        frame_rate_hz=float(np.median(rates)) if rates else USUAL_RATE_HZ,
        notes=tuple(notes),
    )


def _may_be_shown(folder: Path, source: ClipSource, truth: Truth, process: LimitedProcess) -> bool:
    """Tell whether a clip shows no mark: arrays never do, other files say so in their manifest."""
    path = folder / source.name
    if path.suffix.lower() not in CARRIES_PROVENANCE:
        return True
    try:
        process.call(read_provenance, path, path=path, limits=FIRST_FRAMES_LIMITS)
    except UnreadableFileError:
        return True  # of another origin
    if truth == "real":
        msg = f"{path} was made by sonoloop: only real recordings may be in {folder}"
        raise UsageError(msg)
    rows = Manifest(path.parent).rows()
    return any(
        path.name in {row["mp4"], row["gif"], row["dicom"]} and row["marked"] is False
        for row in rows
    )


def _differences(clips: Iterable[StudyClip]) -> list[str]:
    """Name what a reader could tell them by, besides what they show."""
    sizes: dict[Truth, set[tuple[int, int]]] = {truth: set() for truth in TRUTHS}
    for clip in clips:
        sizes[clip.truth].add(clip.source.shape[1:])
    if sizes["real"] == sizes["synthetic"]:
        return []
    shown = {truth: ", ".join(f"{w} x {h}" for h, w in sorted(sizes[truth])) for truth in TRUTHS}
    note = (
        f"real clips are {shown['real']} pixels and synthetic ones {shown['synthetic']}: sharpness "
        "and shape may give the answer away"
    )
    return [note]
