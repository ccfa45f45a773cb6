"""DIV: how much the clips made from one first frame differ (Dorkenwald et al. 2021, Section 5)."""

from jaxtyping import Float, Float64
from torch import Tensor

from sonoloop.errors import SonoloopError

MIN_SAMPLES = 2
"""The fewest samples that have a pair."""


def diversity(features: Float[Tensor, "stills samples *features"]) -> Float64[Tensor, " stills"]:
    """Average the squared difference of features over the pairs of samples of one first frame.

    mean_{i != j} mean_k (f_ik - f_jk)^2, over ordered pairs; computed as twice the unbiased
    variance over the samples, which is the same number without the pairs.

    Args:
        features: Of each first frame's samples; several layers of a net are averaged by the
            caller, each with its own call.

    Returns:
        One number for each first frame, in squared units of the features; 0 where its samples are
        equal.

    Raises:
        SonoloopError: If there are fewer than 2 samples.
    """
    if features.shape[1] < MIN_SAMPLES:
        msg = f"diversity needs at least {MIN_SAMPLES} samples a still, got {features.shape[1]}"
        raise SonoloopError(msg)
    variance: Tensor = features.double().var(dim=1).flatten(1).mean(1)
    return 2 * variance
