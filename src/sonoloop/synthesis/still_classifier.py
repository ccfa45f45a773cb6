"""A classifier of the training stills against stills made to be none of them.

A support vector machine with squared hinge loss (Chang et al. 2008, JMLR 9:1369) in the primal, by
Newton steps (Chapelle 2007, doi:10.1162/neco.2007.19.5.1155), with a Gaussian kernel on a subset
of the examples (Nystroem). Made-up outliers stand for all that a user may give
("outlier exposure", Hendrycks et al. 2019, arXiv:1812.04606). The same stills give the same
classifier.
"""

from typing import Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sonoloop.shapes import Frame
from sonoloop.synthesis.altered_stills import ALTERATIONS, alter, vary
from sonoloop.synthesis.made_up_tissue import made_up_tissue
from sonoloop.synthesis.still_features import boxed_stills, tissue_mask
from sonoloop.synthesis.still_maps import still_maps

VARIATIONS: Final = 5
"""Each training still is joined by this many variations of it."""
MOST_ALTERED: Final = 150
"""Stills made by each alteration, at most one per training still."""
TISSUE_PER_ALTERED: Final = 6
WHOLE_FIELD_SHARE: Final = 0.4
"""Made-up tissue that fills the square; the rest gets the outline of a training still."""
NUM_COMPONENTS: Final = 96
NUM_CENTRES: Final = 768
RIDGE: Final = 1e-3
JITTER: Final = 1e-6
NEWTON_STEPS: Final = 8
SMALLEST_STD: Final = 1e-2
FARTHEST: Final = 6.0
"""Features are cut at this many standard deviations."""

Features = Float[Tensor, "n features"]
Groups = Int[Tensor, " n"]


class Examples(NamedTuple):
    """Feature vectors to learn from.

    Args:
        features: Of training stills, variations, altered stills and made-up tissue.
        group: Group each was made of; -1 for made-up tissue.
        is_other: Whether it is none of the training stills or their variations.
    """

    features: Features
    group: Groups
    is_other: Bool[Tensor, " n"]


def make_examples(first_frame: Frame, group: Groups) -> Examples:
    """Vary and alter training stills and make tissue up.

    Args:
        first_frame: Training stills in [-1, 1].
        group: Number of the group of each.
    """
    rng = np.random.default_rng(0)
    grey, tissue = boxed_stills(first_frame)
    every = np.arange(len(grey))
    features, groups = [still_maps(grey, tissue)], [group]
    for _ in range(VARIATIONS):
        varied = torch.stack([vary(still, rng) for still in grey])
        features.append(still_maps(varied, tissue_mask(varied)))
        groups.append(group)
    num_same = len(grey) * (1 + VARIATIONS)
    count = min(MOST_ALTERED, len(grey))
    for name in ALTERATIONS:
        chosen = rng.permutation(every)[:count]
        altered = torch.stack([alter(grey[index], name, rng) for index in chosen])
        features.append(still_maps(altered, tissue_mask(altered)))
        groups.append(group[chosen])
    made_up = made_up_tissue(rng, TISSUE_PER_ALTERED * count)
    outline = tissue[rng.integers(len(grey), size=len(made_up))]
    outline[torch.from_numpy(rng.random(len(made_up)) < WHOLE_FIELD_SHARE)] = 1
    features.append(still_maps(made_up * outline, outline))
    groups.append(torch.full((len(made_up),), -1))
    joined = torch.cat(groups)
    return Examples(torch.cat(features), joined, torch.arange(len(joined)) >= num_same)


class StillClassifier:
    """Tells stills that are none of the training stills' kind.

    Args:
        mean: Mean of each feature over stills of the kind.
        std: Its standard deviation.
        projection: Feature -> component.
        centres: Examples the kernel compares with, in components.
        weights: Weight of each, and last the bias.
        width: Mean square distance at which the kernel falls to 1/e, shape (1,).
    """

    def __init__(
        self,
        mean: Float[Tensor, " features"],
        std: Float[Tensor, " features"],
        projection: Float[Tensor, "features components"],
        centres: Float[Tensor, "centres components"],
        weights: Float[Tensor, " weights"],
        width: Float[Tensor, " 1"],
    ) -> None:
        """Hold the tensors; ``fit`` makes them."""
        self.mean, self.std, self.projection = mean, std, projection
        self.centres, self.weights, self.width = centres, weights, width

    @classmethod
    def fit(cls, examples: Examples) -> "StillClassifier":
        """Learn from examples of both sides, each side counting the same.

        Args:
            examples: As ``make_examples`` returns them, or some of them.
        """
        rng = np.random.default_rng(0)
        features = examples.features.double()
        other = examples.is_other
        same = features[~other]
        mean, std = same.mean(dim=0), same.std(dim=0) + SMALLEST_STD
        standardised = ((features - mean) / std).clamp(-FARTHEST, FARTHEST)
        _, _, components = torch.linalg.svd(standardised, full_matrices=False)
        projection = components[:NUM_COMPONENTS].T
        projected = standardised @ projection
        drawn = [
            projected[side][rng.permutation(int(side.sum()))[: NUM_CENTRES // 2]]
            for side in (~other, other)
        ]
        width = torch.cdist(drawn[0], drawn[0]).square().median().clamp_min(SMALLEST_STD)
        centres = torch.cat(drawn)
        kernel = _kernel(projected, centres, width)
        sides = other.double() * 2 - 1
        share = torch.where(other, 0.5 / other.sum(), 0.5 / (~other).sum())
        smoothness = JITTER * torch.eye(len(centres) + 1, dtype=torch.float64)
        smoothness[:-1, :-1] += _kernel(centres, centres, width)[:, :-1]
        weights = _squared_hinge(kernel, sides, share, RIDGE * smoothness)
        tensors = (mean, std, projection, centres, weights, width[None])
        return cls(*(tensor.float().contiguous() for tensor in tensors))

    def scores(self, features: Features) -> Float[Tensor, " n"]:
        """Score feature vectors of ``still_maps``: about -1 for the kind, 1 for others."""
        standardised = ((features - self.mean) / self.std).clamp(-FARTHEST, FARTHEST)
        return _kernel(standardised @ self.projection, self.centres, self.width) @ self.weights


def _kernel(
    points: Float[Tensor, "n components"],
    centres: Float[Tensor, "centres components"],
    width: Float[Tensor, "*one"],
) -> Float[Tensor, "n weights"]:
    """Compare with the centres; a last column of ones meets the bias."""
    near = torch.exp(-torch.cdist(points, centres).square() / width)
    return torch.cat([near, near.new_ones(len(near), 1)], dim=1)


def _squared_hinge(
    kernel: Float[Tensor, "n weights"],
    sides: Float[Tensor, " n"],
    share: Float[Tensor, " n"],
    penalty: Float[Tensor, "weights weights"],
) -> Float[Tensor, " weights"]:
    """Minimise sum share max(0, 1 - side K w)^2 + w' penalty w (Chapelle 2007, section 4)."""
    active = torch.ones(len(sides), dtype=torch.bool)
    weights = kernel.new_zeros(kernel.shape[1])
    for _ in range(NEWTON_STEPS):
        weighted = kernel[active] * share[active, None]
        weights = torch.linalg.solve(
            weighted.T @ kernel[active] + penalty, weighted.T @ sides[active]
        )
        inside = sides * (kernel @ weights) < 1
        if bool((inside == active).all()):
            break
        active = inside
    return weights
