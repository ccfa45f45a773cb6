"""Whether stills are of the videos' kind: size, shape, grey levels, and what they show.

A generator that learnt the motion of the videos moves a still of anything as if it were one of
them, and a classifier learns what sets stills and videos apart. Nothing is refused, numbers are
said.
"""

from collections.abc import Iterator, Sequence
from math import sqrt
from statistics import median
from typing import Final

import numpy as np
import polars as pl
import torch

from sonoloop.data.recording import Frames
from sonoloop.recipes.study.data import Stills, StudyData
from sonoloop.synthesis.typicality import Typicality

SIZES_APART: Final = 1.5
"""Ratio of scan heights from which on stills and videos are said to differ."""
SHAPES_APART: Final = 1.25
"""The same of width by height."""
MOST_OUTSIDE: Final = 0.15
"""Share of stills that may lie outside of what 98 % of the videos have in grey levels; of stills of
the same kind about 2 % do."""
MOST_ATYPICAL: Final = 0.10
"""Share that may lie farther from the videos than 99 % of them; of the same kind about 1 % do, of
lungs from another device 4 %."""
DARK: Final = 8
"""Grey levels below are no tissue."""
FEWEST_PATIENTS: Final = 10
"""Fewer do not say how far one patient is from another."""
HALF_RANGE: Final = 127.5


def still_notes(
    stills: Stills, data: StudyData, still_index: pl.DataFrame, video_index: pl.DataFrame
) -> list[str]:
    """Say in what stills differ from videos.

    Args:
        stills: Those with a class.
        data: The videos.
        still_index: Index of the stills' dataset.
        video_index: Index of the videos' dataset.

    Returns:
        A sentence with numbers for each difference; none where there is none.
    """
    return [
        *_recorded(still_index, video_index),
        *_grey_levels(stills, data.first_frames),
        *_content(stills, data.first_frames),
    ]


def _recorded(stills: pl.DataFrame, videos: pl.DataFrame) -> Iterator[str]:
    """Compare the scans before they were brought to one size."""
    of_stills, of_videos = (
        _medians(table, kind) for table, kind in ((stills, "still"), (videos, "video"))
    )
    if of_stills is None or of_videos is None:
        return
    (height, shape), (video_height, video_shape) = of_stills, of_videos
    if _apart(height, video_height, SIZES_APART):
        yield (
            f"stills are of another size than videos: {height:.0f} and {video_height:.0f} px high "
            "(medians); at one size their speckle differs"
        )
    if _apart(shape, video_shape, SHAPES_APART):
        yield (
            f"stills are of another shape than videos: width by height {shape:.2f} and "
            f"{video_shape:.2f} (medians); black bars set them apart"
        )


def _medians(table: pl.DataFrame, kind: str) -> tuple[float, float] | None:
    """Return height and width by height of the scans; None where they are not known."""
    if not {"kind", "scan_height", "scan_width"} <= set(table.columns):
        return None
    known = table.filter(pl.col("kind") == kind).drop_nulls(["scan_height", "scan_width"])
    if not len(known):
        return None
    heights, widths = known["scan_height"].to_list(), known["scan_width"].to_list()
    shapes = [width / height for width, height in zip(widths, heights, strict=True)]
    return float(median(heights)), float(median(shapes))


def _apart(one: float, other: float, ratio: float) -> bool:
    return max(one, other) > ratio * min(one, other)


def most_expected(share: float, patients: int, stills: int) -> float:
    """Add what chance may do to a share of stills: the range of few patients is narrow.

    Args:
        share: Of stills outside of a range that patients gave, with very many of both.
        patients: Who gave the range; two of n + 1 lie outside of the other n's.
        stills: How many were compared with it.

    Returns:
        The share plus two patients and three standard deviations.
    """
    chance = sqrt(share * (1 - share) * (1 / patients + 1 / stills))
    return share + 2 / (patients + 1) + 3 * chance


def _grey_levels(stills: Stills, videos: Stills) -> Iterator[str]:
    """Compare mean and spread of the grey levels of tissue."""
    most = most_expected(MOST_OUTSIDE, len(set(videos.groups)), len(stills.frames))
    for what, of_stills, of_videos in zip(
        ("mean grey level", "contrast (standard deviation of grey levels)"),
        _levels(stills.frames).T,
        _levels(videos.frames).T,
        strict=True,
    ):
        low, high = np.quantile(of_videos, [0.01, 0.99])
        outside = float(np.mean((of_stills < low) | (of_stills > high)))
        if outside > most:
            yield (
                f"stills have another {what} than videos: {np.median(of_stills):.0f} and "
                f"{np.median(of_videos):.0f} (medians); {outside:.0%} of {len(of_stills)} stills "
                "lie outside of what 98 % of the videos have"
            )


def _levels(frames: Frames) -> np.ndarray:
    """Return mean and standard deviation of each frame's grey levels above black."""
    rows = []
    for frame in frames:
        tissue = frame[frame >= DARK]
        rows.append((tissue.mean(), tissue.std()) if tissue.size else (0.0, 0.0))
    return np.array(rows)


def _content(stills: Stills, videos: Stills) -> Iterator[str]:
    """Compare what they show, by the check that ``sonoloop synthesize`` has for its own model."""
    if len(set(videos.groups)) < FEWEST_PATIENTS:
        return
    typical = Typicality.fit(_as_frames(videos.frames), videos.groups)
    distances = typical.distances(_as_frames(stills.frames)).numpy()
    share = float(np.mean(distances > typical.threshold))
    if share > most_expected(MOST_ATYPICAL, len(set(videos.groups)), len(distances)):
        classes = ", ".join(_by_class(distances > typical.threshold, stills.labels))
        yield (
            f"stills may be of another organ or device than videos: {share:.0%} of "
            f"{len(distances)} lie farther from the videos' first frames than 99 % of these lie "
            f"from other patients' ({classes} by class); their clips would move like the videos' "
            "organ"
        )


def _by_class(flagged: np.ndarray, labels: np.ndarray) -> Sequence[str]:
    return [f"{flagged[labels == label].mean():.0%}" for label in np.unique(labels)]


def _as_frames(frames: Frames) -> torch.Tensor:
    return torch.from_numpy(frames)[:, None].float() / HALF_RANGE - 1
