"""How far a still lies from its nearest training stills.

Features are standardised, projected on their first principal components and scaled to unit
variance. The distance is the mean Euclidean distance to the nearest training stills, divided by
what is usual there: where training stills lie far apart (rare probes), farther is still near
(after the local outlier factor, Breunig et al. 2000, doi:10.1145/335191.335388). For training
stills the own group (patient) does not count: distances within it would be too small to compare
with.
"""

from typing import Final

import torch
from jaxtyping import Float, Int
from torch import Tensor

NUM_COMPONENTS: Final = 16
NUM_NEIGHBOURS: Final = 3
"""Training stills the distance is measured to."""
NUM_LOCAL: Final = 5
"""Training stills that say what distance is usual there."""
LOCAL_WEIGHT: Final = 0.5
"""Share of the local distance in the scale; the rest is the median over all training stills."""
SMALLEST_STD: Final = 1e-3
SMALLEST_DISTANCE: Final = 1e-3


class NeighbourDistance:
    """Training stills in whitened feature space.

    Args:
        mean: Mean of each feature over the training stills.
        std: Its standard deviation.
        projection: Feature -> component, scaled so that components have unit variance.
        stills: Training stills in components.
        spacing: Distance of each to the stills of other groups.
    """

    def __init__(
        self,
        mean: Float[Tensor, " features"],
        std: Float[Tensor, " features"],
        projection: Float[Tensor, "features components"],
        stills: Float[Tensor, "stills components"],
        spacing: Float[Tensor, " stills"],
    ) -> None:
        """Hold the tensors; ``fit`` makes them."""
        self.mean, self.std, self.projection = mean, std, projection
        self.stills, self.spacing = stills, spacing

    @classmethod
    def fit(
        cls, features: Float[Tensor, "stills features"], group: Int[Tensor, " stills"]
    ) -> tuple["NeighbourDistance", Float[Tensor, " stills"]]:
        """Place the training stills.

        Args:
            features: Of the training stills.
            group: Number of the group of each.

        Returns:
            The measure, and the logarithm of each still's distance to those of other groups.
        """
        features = features.double()
        mean, std = features.mean(dim=0), features.std(dim=0).clamp_min(SMALLEST_STD)
        standardised = (features - mean) / std
        _, singular, components = torch.linalg.svd(standardised, full_matrices=False)
        kept = min(NUM_COMPONENTS, int((singular > SMALLEST_STD * singular[0]).sum()))
        scale = len(features) ** 0.5 / singular[:kept]
        projection = components[:kept].T * scale
        stills = standardised @ projection
        apart = torch.cdist(stills, stills)
        apart = apart.masked_fill(group[:, None] == group[None], float("inf"))
        spacing = _mean_of_nearest(apart, NUM_NEIGHBOURS)
        tensors = (mean, std, projection, stills, spacing)
        distances = spacing / _usual(apart, spacing)
        fitted = cls(*(tensor.float().contiguous() for tensor in tensors))
        return fitted, distances.clamp_min(SMALLEST_DISTANCE).log().float()

    def log_distances(self, features: Float[Tensor, "b features"]) -> Float[Tensor, " b"]:
        """Return the logarithm of the distance of each still; 0 is usual."""
        components = ((features - self.mean) / self.std) @ self.projection
        apart = torch.cdist(components, self.stills)
        distances = _mean_of_nearest(apart, NUM_NEIGHBOURS) / _usual(apart, self.spacing)
        return distances.clamp_min(SMALLEST_DISTANCE).log()


def _mean_of_nearest(apart: Float[Tensor, "points stills"], count: int) -> Float[Tensor, " points"]:
    """Average the smallest distances; fewer where a group holds nearly all stills."""
    nearest = apart.topk(min(count, apart.shape[1]), dim=1, largest=False).values
    found = nearest.isfinite()
    mean: Tensor = nearest.where(found, 0).sum(dim=1) / found.sum(dim=1)
    return mean


def _usual(
    apart: Float[Tensor, "points stills"], spacing: Float[Tensor, " stills"]
) -> Float[Tensor, " points"]:
    """Say what distance is usual around each point."""
    count = min(NUM_LOCAL, apart.shape[1])
    nearest = apart.topk(count, dim=1, largest=False).indices
    local = spacing[nearest].mean(dim=1)
    usual: Tensor = LOCAL_WEIGHT * local + (1 - LOCAL_WEIGHT) * spacing.median()
    return usual
