"""Stills of the kind against all others."""

import pytest
import torch
from torch import Tensor

from sonoloop.synthesis.altered_stills import ALTERATIONS
from sonoloop.synthesis.still_classifier import Examples, StillClassifier, make_examples


def lines(count: int, *, seed: int) -> Tensor:
    """Make dark noise below one bright line, as a lung shows it."""
    generator = torch.Generator().manual_seed(seed)
    grey = torch.rand((count, 1, 64, 64), generator=generator) * 0.2 + 0.1
    grey[:, :, 16:18] += 0.6
    return grey * 2 - 1


@pytest.fixture(scope="module")
def examples() -> Examples:
    """Make examples of 12 stills in 4 groups."""
    return make_examples(lines(12, seed=0), torch.arange(12) // 3)


def test_examples_name_their_group(examples: Examples) -> None:
    """12 stills, 5 variations and 9 alterations of each; made-up tissue has no group."""
    assert len(examples.features) == 12 * (1 + 5 + len(ALTERATIONS) + 6)
    assert (examples.group == -1).sum() == 12 * 6
    assert torch.equal(examples.group[:12], torch.arange(12) // 3)
    assert (~examples.is_other).sum() == 12 * 6
    assert not examples.is_other[examples.group == -1].logical_not().any()


def test_both_sides_are_told_apart(examples: Examples) -> None:
    """New stills of the kind score below others, and the fit is deterministic."""
    classifier = StillClassifier.fit(examples)
    new = make_examples(lines(6, seed=1), torch.zeros(6, dtype=torch.int64))
    scores = classifier.scores(new.features)
    same, other = scores[~new.is_other], scores[new.is_other]
    assert float(same.mean()) < -0.4
    assert float(other.mean()) > 0.4
    assert torch.equal(scores, StillClassifier.fit(examples).scores(new.features))
