"""How far a still lies from the stills a model was trained on.

Two measures: the distance to the nearest training stills (``neighbour_distance``), and the score of
a classifier that knows the training stills against altered ones and made-up tissue
(``still_classifier``). Both are counted in spreads of what training stills get from a fit without
their group (patient), and averaged; the distance is the exponential, 1 for the usual still. A still
is atypical when it is farther than 99 % of the training stills, unusual when it is farther than
95 % of them, each measured as if its group were unknown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.errors import UsageError
from sonoloop.shapes import Frame
from sonoloop.synthesis.neighbour_distance import NeighbourDistance
from sonoloop.synthesis.still_classifier import Examples, StillClassifier, make_examples
from sonoloop.synthesis.still_features import boxed_stills, still_features
from sonoloop.synthesis.still_maps import still_maps

ATYPICAL: Final = 0.99
UNUSUAL: Final = 0.95
SMALLEST_SPREAD: Final = 0.05
NUM_FOLDS: Final = 5
"""Parts the groups are dealt into; each is scored by a classifier of the others."""
NEIGHBOUR_NAMES: Final = ("mean", "std", "projection", "stills", "spacing")
CLASSIFIER_NAMES: Final = ("mean", "std", "projection", "centres", "weights", "width")
TENSOR_NAMES: Final = (
    *NEIGHBOUR_NAMES,
    *(f"classifier_{name}" for name in CLASSIFIER_NAMES),
    "usual",
    "spread",
)


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
    """What is known of the training stills.

    Args:
        neighbours: Measures the distance to them.
        classifier: Tells them from others.
        usual: Median of both measures over training stills whose group was held out.
        spread: What lies between this median and the 95 % quantile.
        threshold: Distance beyond which a still is atypical.
        unusual_threshold: Distance beyond which a still is unusual.
    """

    def __init__(
        self,
        neighbours: NeighbourDistance,
        classifier: StillClassifier,
        usual: Float[Tensor, " 2"],
        spread: Float[Tensor, " 2"],
        *,
        threshold: float,
        unusual_threshold: float,
    ) -> None:
        """Hold the parts; ``fit`` makes them."""
        self.neighbours, self.classifier = neighbours, classifier
        self.usual, self.spread = usual, spread
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
        names = list(dict.fromkeys(group_ids))
        if len(names) < 2:  # noqa: PLR2004 - one group and another
            msg = f"typicality needs training stills of at least 2 groups, got {len(names)}"
            raise UsageError(msg)
        numbers = {name: number for number, name in enumerate(names)}
        group = torch.tensor([numbers[group_id] for group_id in group_ids])
        neighbours, log_distances = NeighbourDistance.fit(still_features(first_frame), group)
        examples = make_examples(first_frame, group)
        scores = _held_out_scores(examples, len(group), len(names))
        measures = torch.stack([log_distances, scores], dim=1)
        usual = measures.median(dim=0).values
        spread = (torch.quantile(measures, UNUSUAL, dim=0) - usual).clamp_min(SMALLEST_SPREAD)
        distances = _joined(measures, usual, spread)
        return cls(
            neighbours,
            StillClassifier.fit(examples),
            usual,
            spread,
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
        if not _fit_together(shapes):
            msg = f"the model's typicality tensors do not fit together ({shapes}): export it again"
            raise UsageError(msg)
        return cls(
            NeighbourDistance(*(tensors[name].float() for name in NEIGHBOUR_NAMES)),
            StillClassifier(*(tensors[f"classifier_{name}"].float() for name in CLASSIFIER_NAMES)),
            tensors["usual"].float(),
            tensors["spread"].float(),
            threshold=threshold,
            unusual_threshold=unusual_threshold,
        )

    def tensors(self) -> dict[str, Tensor]:
        """Return what a model folder stores."""
        return {
            **{name: getattr(self.neighbours, name) for name in NEIGHBOUR_NAMES},
            **{f"classifier_{name}": getattr(self.classifier, name) for name in CLASSIFIER_NAMES},
            "usual": self.usual,
            "spread": self.spread,
        }

    def distances(self, first_frame: Frame) -> Float[Tensor, " b"]:
        """Measure stills.

        Args:
            first_frame: Stills in [-1, 1], at the size of the training stills.

        Returns:
            Distance of each to the training stills; 1 is usual.
        """
        first_frame = first_frame.to("cpu")
        log_distances = self.neighbours.log_distances(still_features(first_frame))
        scores = self.classifier.scores(still_maps(*boxed_stills(first_frame)))
        return _joined(torch.stack([log_distances, scores], dim=1), self.usual, self.spread)

    def judge(self, first_frame: Frame) -> StillTypicality:
        """Measure one still and compare with the training stills.

        Args:
            first_frame: One still (1, 1, h, w) in [-1, 1].
        """
        distance = float(self.distances(first_frame)[0])
        return StillTypicality(distance, self.threshold, self.unusual_threshold)


def _held_out_scores(
    examples: Examples, num_stills: int, num_groups: int
) -> Float[Tensor, " stills"]:
    """Score each training still by a classifier that knows nothing of its group."""
    scores = torch.zeros(num_stills)
    order = torch.from_numpy(np.random.default_rng(0).permutation(num_groups))
    for fold in order.tensor_split(min(NUM_FOLDS, num_groups)):
        held_out = torch.isin(examples.group, fold)
        known = Examples(*(column[~held_out] for column in examples))
        out = held_out[:num_stills]
        scores[out] = StillClassifier.fit(known).scores(examples.features[:num_stills][out])
    return scores


def _joined(
    measures: Float[Tensor, "b 2"], usual: Float[Tensor, " 2"], spread: Float[Tensor, " 2"]
) -> Float[Tensor, " b"]:
    return ((measures - usual) / spread).mean(dim=1).exp()


def _fit_together(shapes: Mapping[str, tuple[int, ...]]) -> bool:
    features, components, stills = shapes["mean"], shapes["stills"][1:], shapes["spacing"]
    found = [shapes[name] for name in NEIGHBOUR_NAMES]
    expected = [features, features, features + components, stills + components, stills]
    maps, parts = shapes["classifier_mean"], shapes["classifier_centres"][1:]
    found += [shapes[f"classifier_{name}"] for name in CLASSIFIER_NAMES]
    centres = shapes["classifier_centres"][:1]
    bias = tuple(count + 1 for count in centres)
    expected += [maps, maps, maps + parts, centres + parts, bias, (1,)]
    return [*found, shapes["usual"], shapes["spread"]] == [*expected, (2,), (2,)]
