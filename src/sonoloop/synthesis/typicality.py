"""How far a still lies from the stills a model was trained on.

Features are standardised, projected on their principal components and scaled to unit variance;
the distance is the mean Euclidean distance to the nearest training stills. A still is flagged
when it is farther than 99 % of the training stills are from the stills of the other groups
(patients): distances within a group would be too small to compare with.
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

NUM_COMPONENTS: Final = 32
NUM_NEIGHBOURS: Final = 3
QUANTILE: Final = 0.99
SMALLEST_STD: Final = 1e-6


@dataclass(frozen=True)
class StillTypicality:
    """The verdict on one still.

    Args:
        distance: Distance to the training stills, in standard deviations.
        threshold: Distance that 99 % of the training stills keep.
    """

    distance: float
    threshold: float

    @property
    def is_atypical(self) -> bool:
        """Whether the still is farther away than 99 % of the training stills."""
        return self.distance > self.threshold


class Typicality:
    """Training stills in whitened feature space.

    Args:
        mean: Mean of each feature over the training stills.
        std: Its standard deviation.
        projection: Feature -> component, scaled so that components have unit variance.
        stills: Training stills in components.
        threshold: Distance beyond which a still is flagged.
    """

    def __init__(
        self,
        mean: Float[Tensor, " features"],
        std: Float[Tensor, " features"],
        projection: Float[Tensor, "features components"],
        stills: Float[Tensor, "stills components"],
        *,
        threshold: float,
    ) -> None:
        """Hold the tensors; ``fit`` makes them."""
        self.mean, self.std, self.projection, self.stills = mean, std, projection, stills
        self.threshold = threshold

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
        distances = _to_nearest(stills, stills, exclude=group[:, None] == group[None])
        threshold = float(torch.quantile(distances, QUANTILE))
        return cls(
            mean.float(), std.float(), projection.float(), stills.float(), threshold=threshold
        )

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], *, threshold: float) -> "Typicality":
        """Rebuild from what ``tensors`` returned.

        Raises:
            UsageError: If one is missing.
        """
        names = ("mean", "std", "projection", "stills")
        for name in names:
            if name not in tensors:
                msg = f"the model's weights have no typicality.{name}: export the model again"
                raise UsageError(msg)
        return cls(*(tensors[name].float() for name in names), threshold=threshold)

    def tensors(self) -> dict[str, Tensor]:
        """Return what a model folder stores."""
        return {
            "mean": self.mean,
            "std": self.std,
            "projection": self.projection,
            "stills": self.stills,
        }

    def distances(self, first_frame: Frame) -> Float[Tensor, " b"]:
        """Measure stills.

        Args:
            first_frame: Stills in [-1, 1], at the size of the training stills.

        Returns:
            Distance of each to the training stills, in standard deviations.
        """
        features = still_features(first_frame)
        return _to_nearest(((features - self.mean) / self.std) @ self.projection, self.stills)

    def judge(self, first_frame: Frame) -> StillTypicality:
        """Measure one still and compare with the training stills.

        Args:
            first_frame: One still (1, 1, h, w) in [-1, 1].
        """
        return StillTypicality(float(self.distances(first_frame)[0]), self.threshold)


def _to_nearest(
    points: Float[Tensor, "a components"],
    stills: Float[Tensor, "b components"],
    *,
    exclude: Tensor | None = None,
) -> Float[Tensor, " a"]:
    """Average the distances to the nearest stills, divided by what a random pair expects."""
    distances = torch.cdist(points, stills) / (2 * stills.shape[1]) ** 0.5
    if exclude is not None:
        distances = distances.masked_fill(exclude, float("inf"))
    neighbours = distances.topk(min(NUM_NEIGHBOURS, distances.shape[1]), dim=1, largest=False)
    # Fewer neighbours than asked for are left where a group holds nearly all stills.
    found = neighbours.values.isfinite()
    mean: Tensor = neighbours.values.where(found, 0).sum(dim=1) / found.sum(dim=1)
    return mean
