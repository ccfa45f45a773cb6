"""Clips of one shape: refused where they differ, resampled only where that was asked for."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch.nn import functional

from sonoloop.data.recording import Frames
from sonoloop.errors import UsageError
from sonoloop.evaluation.clip_sets import ClipCollection, ClipSource

Shape = tuple[int, int, int]
"""Frames, height, width."""

RATE_TOLERANCE = 0.1
"""Relative difference of frame rates that rounding in files explains."""


def common_shape(collections: Iterable[ClipCollection]) -> Shape:
    """Find the smallest number of frames, height and width."""
    shapes = [source.shape for collection in collections for source in collection.sources]
    return (min(s[0] for s in shapes), min(s[1] for s in shapes), min(s[2] for s in shapes))


def same_rate(one: ClipSource, other: ClipSource) -> bool:
    """Tell whether two clips play at one rate, as far as it is known."""
    rates = (one.frame_rate_hz, other.frame_rate_hz)
    return not (rates[0] and rates[1] and abs(rates[0] / rates[1] - 1) > RATE_TOLERANCE)


def refuse_differences(named: dict[str, ClipCollection]) -> None:
    """Refuse clips that differ in shape or rate.

    Args:
        named: Collections by what they are called in the message.

    Raises:
        UsageError: If two clips differ; names both and what helps.
    """
    sources = [(name, source) for name, clips in named.items() for source in clips.sources]
    name, first = sources[0]
    for other_name, other in sources[1:]:
        if other.shape != first.shape:
            msg = (
                f"{name} clip {first.name} has (frames, height, width) {first.shape}, {other_name} "
                f"clip {other.name} has {other.shape}: no metric compares these; add --resample to "
                "bring all to the smallest"
            )
            raise UsageError(msg)
        if not same_rate(first, other):
            msg = (
                f"{name} clip {first.name} plays at {first.frame_rate_hz:.2f} Hz, {other_name} "
                f"clip {other.name} at {other.frame_rate_hz:.2f} Hz: motion cannot be compared; "
                "bring both to one rate, or add --resample to take the frames as they are"
            )
            raise UsageError(msg)


def resampled(clips: ClipCollection, shape: Shape) -> ClipCollection:
    """Bring every clip to a shape; those that have it stay as they are.

    Args:
        clips: Any shapes.
        shape: Wanted: frames spread evenly over the clip, frame 0 first; pixels bilinear with
            antialiasing.
    """
    sources = tuple(
        source
        if source.shape == shape
        else replace(source, shape=shape, read=partial(_read, source, shape))
        for source in clips.sources
    )
    return replace(clips, sources=sources)


def _read(source: ClipSource, shape: Shape) -> Frames:
    frames = source.read()
    kept = frames[np.rint(np.linspace(0, len(frames) - 1, shape[0])).astype(int)]
    pixels = torch.from_numpy(kept)[:, None].float()
    sized = functional.interpolate(
        pixels, size=list(shape[1:]), mode="bilinear", antialias=True, align_corners=False
    )
    resized: Frames = sized[:, 0].round().clamp(0, 255).byte().numpy()
    return resized
