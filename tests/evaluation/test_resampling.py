"""Clips of different shape: refused, or brought to one shape when told to."""

from pathlib import Path

import numpy as np
import pytest

from sonoloop.errors import UsageError
from sonoloop.evaluation.clip_sets import ClipCollection, ClipSource
from sonoloop.evaluation.resampling import common_shape, refuse_differences, resampled


def collection(
    shape: tuple[int, int, int], *, name: str = "a", rate_hz: float | None = None
) -> ClipCollection:
    """Return one clip whose grey level is the frame's number."""
    frames = np.broadcast_to(np.arange(shape[0], dtype=np.uint8)[:, None, None], shape)
    source = ClipSource(name, name, name, shape, frames.copy, rate_hz)
    return ClipCollection(Path(name), (source,))


def test_other_shape_is_refused_by_name() -> None:
    """Both clips, both shapes, and what helps."""
    sets = {"real": collection((16, 8, 8)), "synthetic": collection((12, 8, 8), name="b")}
    message = r"real clip a has .* \(16, 8, 8\), synthetic clip b has \(12, 8, 8\).*--resample"
    with pytest.raises(UsageError, match=message):
        refuse_differences(sets)


def test_other_rate_is_refused_unknown_and_rounded_ones_are_not() -> None:
    """A gif rounds 8.33 Hz to 8.33; twice the rate is another motion."""
    real = collection((16, 8, 8), rate_hz=8.33)
    refuse_differences({"real": real, "synthetic": collection((16, 8, 8))})
    refuse_differences({"real": real, "synthetic": collection((16, 8, 8), rate_hz=8.0)})
    with pytest.raises(UsageError, match=r"plays at 8\.33 Hz, synthetic clip a at 25\.00 Hz"):
        refuse_differences({"real": real, "synthetic": collection((16, 8, 8), rate_hz=25.0)})


def test_resampling_spreads_frames_and_keeps_equal_clips() -> None:
    """First and last frames stay; a clip that has the shape is left as it is."""
    long, short = collection((31, 12, 10)), collection((16, 8, 8))
    shape = common_shape([long, short])
    assert shape == (16, 8, 8)
    assert resampled(short, shape).sources == short.sources
    made = resampled(long, shape).sources[0]
    frames = made.read()
    assert made.shape == frames.shape == shape
    assert frames[:, 0, 0].tolist() == list(range(0, 31, 2))
