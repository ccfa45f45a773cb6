"""Distances between parts of two sets of features, again and again: what intervals ask for.

What all parts share is computed once, the products of every feature vector with every other, so
that a draw costs the number of clips and not the dimension of the features.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.evaluation.frechet import (
    MIN_CLIPS,
    frechet_distance_of_features,
    refuse_bad_features,
    refuse_unequal_dimensions,
    too_few,
)

Places = Sequence[int] | npt.NDArray[np.intp]
"""Rows that take part."""

SubsetDistance = Callable[[Places, Places], float]
"""(rows of the one set, rows of the other) -> distance."""

MAX_ROWS: Final = 4096
"""Of a set whose products are kept: 134 MB for each pair of sets."""


def frechet_between_subsets(
    one: Float[Tensor, "n features"], other: Float[Tensor, "m other_features"]
) -> SubsetDistance:
    """Prepare ``frechet.frechet_distance_of_features`` for parts of two sets.

    With at most as many clips as dimensions, the trace of the root of the covariances' product is
    the sum of the singular values of A_1^T A_2 with A_i the centred features over sqrt(n_i - 1);
    A_1^T A_2 then is a part of one table of products, centred by rows and columns.

    Args:
        one: Features of the first set, at least 2.
        other: Features of the second set, at least 2.

    Returns:
        The distance of any parts of at least 2 rows each.

    Raises:
        SonoloopError: If a set has fewer than 2 clips or features that are not finite.
        ValueError: If the sets differ in their number of features.
    """
    _refuse(one, other)
    exact = [features.double() for features in (one, other)]
    shift = exact[0].mean(0) - exact[1].mean(0)
    centred = [features - features.mean(0) for features in exact]  # large means cost digits
    few = max(len(one), len(other)) <= MAX_ROWS
    products = centred[0] @ centred[1].mT if few else None

    def distance(ours: Places, theirs: Places) -> float:
        places = [torch.as_tensor(rows, dtype=torch.long) for rows in (ours, theirs)]
        counts = [len(rows) for rows in places]
        if min(counts) < MIN_CLIPS:
            raise too_few(min(counts))
        if products is None or min(counts) > one.shape[1]:
            return frechet_distance_of_features(exact[0][places[0]], exact[1][places[1]])
        parts = [features[rows] for features, rows in zip(centred, places, strict=True)]
        means = [part.mean(0) for part in parts]
        traces = sum(float(part.var(0).sum()) for part in parts)
        table = products[places[0]][:, places[1]]
        table = table - table.mean(0) - table.mean(1, keepdim=True) + table.mean()
        scale = math.sqrt((counts[0] - 1) * (counts[1] - 1))
        cross = float(torch.linalg.svdvals(table).sum()) / scale
        apart = float((shift + means[0] - means[1]).square().sum())
        return max(apart + traces - 2 * cross, 0.0)  # below 0 is rounding

    return distance


def kernel_between_subsets(
    one: Float[Tensor, "n features"], other: Float[Tensor, "m other_features"]
) -> SubsetDistance:
    """Prepare ``kvd.kernel_distance`` for parts of two sets.

    Args:
        one: Features of the first set, 2 to ``MAX_ROWS``.
        other: Features of the second set, 2 to ``MAX_ROWS``.

    Returns:
        The distance of any parts of at least 2 rows each.

    Raises:
        SonoloopError: If a set has fewer than 2 clips or features that are not finite.
        ValueError: If the sets differ in their number of features or have too many rows.
    """
    _refuse(one, other)
    if max(len(one), len(other)) > MAX_ROWS:
        msg = f"kernels of {len(one)} and {len(other)} clips are too many, {MAX_ROWS} at most"
        raise ValueError(msg)
    exact = [features.double() for features in (one, other)]
    kernels = [(features @ features.mT / one.shape[1] + 1) ** 3 for features in exact]
    between = (exact[0] @ exact[1].mT / one.shape[1] + 1) ** 3

    def distance(ours: Places, theirs: Places) -> float:
        places = [torch.as_tensor(rows, dtype=torch.long) for rows in (ours, theirs)]
        value = -2 * float(between[places[0]][:, places[1]].mean())
        for kernel, rows in zip(kernels, places, strict=True):
            if len(rows) < MIN_CLIPS:
                raise too_few(len(rows))
            part = kernel[rows][:, rows]
            value += float(part.sum() - part.trace()) / (len(rows) * (len(rows) - 1))
        return value

    return distance


def _refuse(one: Tensor, other: Tensor) -> None:
    refuse_unequal_dimensions(one.shape[1], other.shape[1])
    for features in (one, other):
        refuse_bad_features(features, at_least=MIN_CLIPS)
