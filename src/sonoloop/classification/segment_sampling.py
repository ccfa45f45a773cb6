"""Which frames of a clip a network sees: one place in each of equal segments.

Temporal segment networks (Wang et al. 2016, arXiv:1608.00859): at random within its segment in
training, in its middle at test.
"""

import numpy as np
import numpy.typing as npt

from sonoloop.errors import UsageError


def segment_frames(
    num_available: int,
    segments: int,
    *,
    stretch: int = 1,
    rng: np.random.Generator | None = None,
) -> npt.NDArray[np.intp]:
    """Choose frames, in the order of time.

    The first frame of place i is floor((i + u) (n - stretch + 1) / segments), u = 1/2 or random
    in [0, 1). Where there are fewer places than segments, some are looked at twice.

    Args:
        num_available: Frames n of the clip.
        segments: Places to look at.
        stretch: Consecutive frames taken at each place.
        rng: Source of the places; None takes the middles.

    Returns:
        ``segments * stretch`` frame numbers.

    Raises:
        UsageError: If the clip is shorter than one stretch.
    """
    starts = num_available - stretch + 1
    if starts < 1:
        msg = f"a clip of {num_available} frames is too short: the network looks at {stretch}"
        raise UsageError(msg)
    within = np.full(segments, 0.5) if rng is None else rng.random(segments)
    first = np.floor((np.arange(segments) + within) * starts / segments).astype(np.intp)
    first = np.minimum(first, starts - 1)  # rounding in the last segment
    return (first[:, None] + np.arange(stretch)).ravel()
