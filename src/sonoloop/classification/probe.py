"""What can be read from fixed features: principal components and a logistic regression, per fold.

A probe answers whether a label is in features at all, without training a net: standardise, keep 32
principal components, fit. All of it is fitted on a fold's training patients only. Classes count the
same whatever their number, so that logits of different folds can be pooled: with plain weights the
bias would follow the training side's share of positives, which is high where the held-out side's is
low.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64

from sonoloop.classification.folds import Folds
from sonoloop.classification.logistic import fit_logistic, logits

NUM_COMPONENTS: Final = 32
CONSTANT: Final = 1e-9
"""Deviation below which a feature is constant."""

Features = Float64[np.ndarray, "n features"]


def out_of_fold_logits(
    features: Features,
    positive: Bool[np.ndarray, " n"],
    folds: Folds,
    *,
    num_components: int | None = NUM_COMPONENTS,
) -> Float64[np.ndarray, " n"]:
    """Score every clip by a probe that was fitted on the other folds.

    Args:
        features: Finite.
        positive: Class of each clip.
        folds: Fold in which each clip is held out; the others hold both classes.
        num_components: Principal components, fewer where features or clips are; None keeps the
            features as they are.

    Returns:
        Log odds of each clip.
    """
    scores = np.empty(len(features))
    for fold in np.unique(folds):
        held_out = folds == fold
        projection = Projection.fit(features[~held_out], num_components)
        weights = fit_logistic(projection(features[~held_out]), positive[~held_out])
        scores[held_out] = logits(projection(features[held_out]), weights)
    return scores


@dataclass(frozen=True)
class Projection:
    """Standardised features on principal components, scaled to a total variance of 1.

    Args:
        varying: Which features are not constant.
        mean: Of these.
        deviation: Of these.
        components: A column each; None where features are kept as they are.
        total: Root of the variance of all components together.
    """

    varying: Bool[np.ndarray, " features"]
    mean: Float64[np.ndarray, " kept"]
    deviation: Float64[np.ndarray, " kept"]
    components: Float64[np.ndarray, "kept components"] | None
    total: float

    @classmethod
    def fit(cls, features: Features, num_components: int | None) -> "Projection":
        """Learn it from the training rows.

        Args:
            features: Finite.
            num_components: As for ``out_of_fold_logits``.
        """
        mean, deviation = features.mean(0), features.std(0)
        varying = deviation > CONSTANT
        standard = (features - mean)[:, varying] / deviation[varying]
        components = None
        if num_components is not None:
            _, _, directions = np.linalg.svd(standard, full_matrices=False)
            components = directions[:num_components].T
            standard = standard @ components
        total = float(standard.var(0).sum()) ** 0.5
        return cls(
            varying,
            mean[varying],
            deviation[varying],
            components,
            total if total > CONSTANT else 1.0,
        )

    def __call__(self, features: Features) -> Float64[np.ndarray, "n projected"]:
        """Project rows.

        Args:
            features: As those it was learnt from.
        """
        standard = (features[:, self.varying] - self.mean) / self.deviation
        if self.components is not None:
            standard = standard @ self.components
        projected: Float64[np.ndarray, "n projected"] = standard / self.total
        return projected
