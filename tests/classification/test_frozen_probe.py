"""A logistic regression on frozen features, trained on the clips a network would be given."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from sonoloop.classification.balanced_sampling import BalancedOrder
from sonoloop.classification.config import ClassifierTraining
from sonoloop.classification.frozen_probe import fit_probe
from sonoloop.classification.labelled_clips import LabelledClips
from sonoloop.errors import UsageError

SETTINGS = ClassifierTraining(max_steps=20, batch_size=8)


def _features(clips: np.ndarray) -> np.ndarray:
    """Take the first 40 pixels of the last frame."""
    return clips[:, -1].reshape(len(clips), -1)[:, :40].astype(np.float64)


def _clips(seed: int, labels: np.ndarray, *, effect: float = 30.0) -> LabelledClips:
    """Draw clips of noise that are brighter in class 1."""
    rng = np.random.default_rng(seed)
    shift = effect * labels[:, None, None, None]
    pixels = rng.normal(100 + shift, 30, (len(labels), 2, 8, 8)).clip(0, 255).astype(np.uint8)
    return LabelledClips(
        pixels, labels, tuple(f"p{n}" for n in range(len(labels))), np.zeros(len(labels), bool)
    )


def test_it_is_the_regression_of_scikit_learn_on_the_clips_drawn() -> None:
    """StandardScaler, PCA and LogisticRegression, on every clip as often as it was drawn."""
    clips = _clips(0, np.arange(30) % 3 // 2)
    probe = fit_probe(clips, _features, SETTINGS, seed=3)
    order = BalancedOrder(clips, seed=3)
    places = [order[n] for n in range(160)]
    rows, labels = _features(clips.clips)[places], clips.labels[places]
    scaler = StandardScaler().fit(rows)
    pca = PCA(32, svd_solver="full").fit(scaler.transform(rows))
    scale = pca.transform(scaler.transform(rows)).var(0).sum() ** 0.5
    # scikit-learn sums what is a mean here: 160 rows and a prior of deviation 2
    model = LogisticRegression(C=4, class_weight="balanced", tol=1e-10, max_iter=10_000)
    model.fit(pca.transform(scaler.transform(rows)) / scale, labels)
    other = _clips(1, np.arange(10) % 2)
    shown = pca.transform(scaler.transform(_features(other.clips))) / scale
    np.testing.assert_allclose(probe(other.clips), model.predict_proba(shown), rtol=1e-3, atol=1e-4)


def test_a_second_source_counts_by_its_share() -> None:
    """A hundred mislabelled clips at a share of 1 % do less harm than at one half."""
    real, wrong = _clips(0, np.arange(20) % 2), _clips(1, np.arange(100) % 2)
    mixed = LabelledClips.concatenate(
        [
            real,
            LabelledClips(wrong.clips, 1 - wrong.labels, wrong.groups, np.ones(100, bool)),
        ]
    )
    unseen = _clips(2, np.arange(40) % 2)
    right = []
    for share in (0.01, 0.5):
        settings = SETTINGS.model_copy(update={"synthetic_share": share})
        probe = fit_probe(mixed, _features, settings, seed=0)
        right.append(float((probe(unseen.clips).argmax(1) == unseen.labels).mean()))
    assert right[0] > 0.9 > right[1]


def test_one_class_is_refused() -> None:
    """Nothing can be told apart."""
    with pytest.raises(UsageError, match="the training set holds no clip of the second class"):
        fit_probe(_clips(0, np.zeros(4, np.int64)), _features, SETTINGS, seed=0)
