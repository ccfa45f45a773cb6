"""A classifier that trains in a second: frozen features of clips and a logistic regression.

Rows are drawn as the clips of a network's batches are (classes and sources at their shares, videos
in turn, a window of each), so that arms of a study differ in their clips alone. Clips are not
augmented: their features are computed once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64
from scipy.special import expit

from sonoloop.classification.balanced_sampling import BalancedOrder
from sonoloop.classification.config import ClassifierTraining
from sonoloop.classification.labelled_clips import LabelledClips
from sonoloop.classification.logistic import fit_logistic, logits
from sonoloop.classification.prediction import Probabilities
from sonoloop.classification.probe import NUM_COMPONENTS, Features, Projection

ClipFeatures = Callable[[npt.NDArray[np.uint8]], Features]
"""Grey clips (n, frames, height, width) -> a row of features each."""


@dataclass(frozen=True)
class FrozenProbe:
    """A fitted probe.

    Args:
        features: Of clips.
        projection: Of these, learnt from the training clips.
        weights: Of the logistic regression; the bias is the last.
    """

    features: ClipFeatures
    projection: Projection
    weights: Float64[np.ndarray, " weights"]

    def __call__(self, clips: npt.NDArray[np.uint8]) -> Probabilities:
        """Tell how probable each of the two classes is for each clip.

        Args:
            clips: Grey frames (n, frames, height, width).
        """
        positive = expit(logits(self.projection(self.features(clips)), self.weights))
        probabilities: Probabilities = np.stack([1 - positive, positive], axis=1)
        return probabilities


def fit_probe(
    clips: LabelledClips, features: ClipFeatures, settings: ClassifierTraining, *, seed: int
) -> FrozenProbe:
    """Fit a probe to two classes.

    Args:
        clips: To train on; both classes have some.
        features: Of clips.
        settings: Its batch size, steps, shares and balance say which clips are drawn, and how many.
        seed: Of the drawing.

    Raises:
        UsageError: If a class has no clip, or a share is asked for that the clips cannot give.
    """
    clips.require_classes(("the first class", "the second class"), "the training set")
    order = BalancedOrder(
        clips,
        seed=seed,
        class_balanced=settings.class_balanced,
        synthetic_share=settings.synthetic_share,
    )
    loop = settings.loop_config(clips.num_videos, seed=seed)
    places = np.array([order[n] for n in range(loop.max_steps * loop.batch_size)])
    rows = features(clips.clips)[places]
    projection = Projection.fit(rows, NUM_COMPONENTS)
    return FrozenProbe(
        features, projection, fit_logistic(projection(rows), clips.labels[places] == 1)
    )
