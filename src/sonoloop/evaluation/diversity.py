"""DIV: how much the clips made from one first frame differ (Dorkenwald et al. 2021, Section 5)."""

from typing import Final

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from sonoloop.errors import SonoloopError

MIN_SAMPLES: Final = 2
"""The fewest samples that have a pair."""
PART: Final = 2**14
"""Numbers of a sample that are looked at together."""


def diversity(features: Float[Tensor, "stills samples *features"]) -> Float64[Tensor, " stills"]:
    """Average the squared difference of features over the pairs of samples of one first frame.

    mean_{i != j} mean_k (f_ik - f_jk)^2, over ordered pairs; computed as twice the unbiased
    variance over the samples, which is the same number without the pairs. In double precision, in
    parts that fit a processor's cache: the first map of a VGG has 3 million numbers a frame.

    Args:
        features: Of each first frame's samples; several layers of a net are averaged by the
            caller, each with its own call.

    Returns:
        One number for each first frame, in squared units of the features; 0 where its samples are
        equal.

    Raises:
        SonoloopError: If there are fewer than 2 samples.
    """
    num_samples = features.shape[1]
    if num_samples < MIN_SAMPLES:
        msg = f"diversity needs at least {MIN_SAMPLES} samples a still, got {num_samples}"
        raise SonoloopError(msg)
    flat = features.flatten(2)
    squares = torch.zeros(len(flat), dtype=torch.float64, device=flat.device)
    for part in torch.split(flat, PART, dim=2):
        change = part.double() - part[:, :1]  # of the first sample: equal ones give exactly 0
        of_mean = change.sum(1).square().sum(1) / num_samples
        squares += change.square().sum((1, 2)) - of_mean
    mean: Tensor = 2 * squares / ((num_samples - 1) * flat.shape[2])
    return mean
