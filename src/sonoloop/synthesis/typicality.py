"""How far a still lies from the stills a model was trained on.

Features are standardised, projected on their first principal components and scaled to unit
variance. The distance is the mean Euclidean distance to the nearest training stills, divided by
what is usual there: where training stills lie far apart (rare probes), farther is still near
(after the local outlier factor, Breunig et al. 2000, doi:10.1145/335191.335388). For training
stills the own group (patient) does not count: distances within it would be too small to compare
with. A still is atypical when it is farther than 99 % of the training stills, unusual when it is
farther than 95 % of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.errors import UsageError
from sonoloop.shapes import Frame
from sonoloop.synthesis.still_features import still_features

NUM_COMPONENTS: Final = 16
NUM_NEIGHBOURS: Final = 3
"""Training stills the distance is measured to."""
NUM_LOCAL: Final = 5
"""Training stills that say what distance is usual there."""
LOCAL_WEIGHT: Final = 0.5
"""Share of the local distance in the scale; the rest is the median over all training stills."""
ATYPICAL: Final = 0.99
UNUSUAL: Final = 0.95
SMALLEST_STD: Final = 1e-3
TENSOR_NAMES: Final = ("mean", "std", "projection", "stills", "spacing")


@dataclass(frozen=True)
class StillTypicality:
    """The verdict on one still.

    Args:
        distance: Distance to the training stills; 1 is usual.
        threshold: Distance that 99 % of the training stills keep.
        unusual_threshold: Distance that 95 % of them keep.
    """

    distance: float
    threshold: float
    unusual_threshold: float

    @property
    def is_atypical(self) -> bool:
        """Whether the still is farther away than 99 % of the training stills."""
        return self.distance > self.threshold

    @property
    def is_unusual(self) -> bool:
        """Whether the still is farther away than 95 % of the training stills."""
        return self.distance > self.unusual_threshold


class Typicality:
    """Training stills in whitened feature space.

    Args:
        mean: Mean of each feature over the training stills.
        std: Its standard deviation.
        projection: Feature -> component, scaled so that components have unit variance.
        stills: Training stills in components.
        spacing: Distance of each to the stills of other groups.
        threshold: Distance beyond which a still is atypical.
        unusual_threshold: Distance beyond which a still is unusual.
    """

    def __init__(
        self,
        mean: Float[Tensor, " features"],
        std: Float[Tensor, " features"],
        projection: Float[Tensor, "features components"],
        stills: Float[Tensor, "stills components"],
        spacing: Float[Tensor, " stills"],
        *,
        threshold: float,
        unusual_threshold: float,
    ) -> None:
        """Hold the tensors; ``fit`` makes them."""
        self.mean, self.std, self.projection = mean, std, projection
        self.stills, self.spacing = stills, spacing
        self.threshold, self.unusual_threshold = threshold, unusual_threshold

    @classmethod
    def fit(cls, first_frame: Frame, group_ids: Sequence[str]) -> "Typicality":
        """Learn what is typical.

        Args:
            first_frame: Training stills (n, 1, h, w) in [-1, 1].
            group_ids: Group (patient) of each.

        Raises:
            UsageError: If there are fewer than 2 groups: nothing tells how far patients differ.
        """
        num_groups = len(set(group_ids))
        if num_groups < 2:  # noqa: PLR2004 - one group and another
            msg = f"typicality needs training stills of at least 2 groups, got {num_groups}"
            raise UsageError(msg)
        features = still_features(first_frame).double()
        mean, std = features.mean(dim=0), features.std(dim=0).clamp_min(SMALLEST_STD)
        standardised = (features - mean) / std
        _, singular, components = torch.linalg.svd(standardised, full_matrices=False)
        kept = min(NUM_COMPONENTS, int((singular > SMALLEST_STD * singular[0]).sum()))
        scale = len(features) ** 0.5 / singular[:kept]
        projection = components[:kept].T * scale
        stills = standardised @ projection
        numbers = {group: number for number, group in enumerate(dict.fromkeys(group_ids))}
        group = torch.tensor([numbers[group_id] for group_id in group_ids])
        apart = torch.cdist(stills, stills)
        apart = apart.masked_fill(group[:, None] == group[None], float("inf"))
        spacing = _mean_of_nearest(apart, NUM_NEIGHBOURS)
        distances = spacing / _usual(apart, spacing)
        tensors = (mean, std, projection, stills, spacing)
        return cls(
            *(tensor.float() for tensor in tensors),
            threshold=float(torch.quantile(distances, ATYPICAL)),
            unusual_threshold=float(torch.quantile(distances, UNUSUAL)),
        )

    @classmethod
    def from_tensors(
        cls, tensors: Mapping[str, Tensor], *, threshold: float, unusual_threshold: float
    ) -> "Typicality":
        """Rebuild from what ``tensors`` returned.

        Raises:
            UsageError: If one is missing or their shapes do not fit together.
        """
        for name in TENSOR_NAMES:
            if name not in tensors:
                msg = f"the model's weights have no typicality.{name}: export the model again"
                raise UsageError(msg)
        shapes = {name: tuple(tensors[name].shape) for name in TENSOR_NAMES}
        features, components, stills = shapes["mean"], shapes["stills"][1:], shapes["spacing"]
        fitting = [features, features, features + components, stills + components, stills]
        if [shapes[name] for name in ("mean", "std", "projection", "stills", "spacing")] != fitting:
            msg = f"the model's typicality tensors do not fit together ({shapes}): export it again"
            raise UsageError(msg)
        return cls(
            *(tensors[name].float() for name in TENSOR_NAMES),
            threshold=threshold,
            unusual_threshold=unusual_threshold,
        )

    def tensors(self) -> dict[str, Tensor]:
        """Return what a model folder stores."""
        return {name: getattr(self, name) for name in TENSOR_NAMES}

    def distances(self, first_frame: Frame) -> Float[Tensor, " b"]:
        """Measure stills.

        Args:
            first_frame: Stills in [-1, 1], at the size of the training stills.

        Returns:
            Distance of each to the training stills; 1 is usual.
        """
        features = still_features(first_frame.to("cpu"))
        components = ((features - self.mean) / self.std) @ self.projection
        apart = torch.cdist(components, self.stills)
        return _mean_of_nearest(apart, NUM_NEIGHBOURS) / _usual(apart, self.spacing)

    def judge(self, first_frame: Frame) -> StillTypicality:
        """Measure one still and compare with the training stills.

        Args:
            first_frame: One still (1, 1, h, w) in [-1, 1].
        """
        distance = float(self.distances(first_frame)[0])
        return StillTypicality(distance, self.threshold, self.unusual_threshold)


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
