"""The attack succeeds on a generator that copies and fails on one that does not."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from torch import Tensor

from sonoloop.errors import SonoloopError
from sonoloop.evaluation.membership import Membership, auroc, membership_attack


@given(
    scores=st.lists(st.integers(0, 5), min_size=2, max_size=30),
    num_positive=st.integers(1, 29),
)
def test_auroc_is_scikit_learns(scores: list[int], num_positive: int) -> None:
    """sklearn.metrics.roc_auc_score, with ties."""
    cut = min(num_positive, len(scores) - 1)
    values = np.array(scores, float)
    expected = roc_auc_score(np.arange(len(scores)) < cut, values)
    assert auroc(values[:cut], values[cut:]) == pytest.approx(expected, abs=1e-12)


def patients(seed: int, count: int) -> Tensor:
    """Embed two clips of each patient, alike but not equal."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(count, 1, 40, generator=generator)
    return (centres + 0.3 * torch.randn(count, 2, 40, generator=generator)).flatten(0, 1)


GROUPS = [f"p{patient}" for patient in range(40) for _ in range(2)]
MEMBERS = {f"p{patient}" for patient in range(20)}


def attack(synthetic: Tensor, still_groups: list[str]) -> Membership:
    """Attack 20 members and 20 others."""
    return membership_attack(
        [synthetic[:, None]],
        patients(0, 40),
        still_groups=still_groups,
        clip_groups=GROUPS,
        members=set(MEMBERS),
        embedding="drawn",
        seed=0,
        num_subsamples=200,
    )


def test_a_generator_that_copies_betrays_its_members() -> None:
    """Noisy copies of members' clips from strangers' stills: AUROC 1."""
    noise = torch.randn(40, 40, generator=torch.Generator().manual_seed(1))
    found = attack(patients(0, 40)[:40] + 0.3 * noise, ["stranger"] * 40)
    assert found.auroc.estimate > 0.98
    assert found.auroc.low > 0.9
    assert set(found.member_scores) == MEMBERS
    assert len(found.held_out_scores) == 20
    assert found.auroc.num_groups == (20, 20)
    assert min(found.member_scores.values()) > 0.7
    assert found.embedding == "drawn"


def test_a_generator_that_invents_betrays_nobody() -> None:
    """The interval contains .5."""
    found = attack(patients(7, 20), ["stranger"] * 40)
    assert found.auroc.low < 0.5 < found.auroc.high


def test_clips_from_a_patients_own_still_do_not_count() -> None:
    """A generator that repeats its stills, all of members, betrays no training."""
    found = attack(patients(0, 40)[:40], GROUPS[:40])
    assert found.auroc.low < 0.5 < found.auroc.high


def test_too_few_patients_are_refused() -> None:
    """Four members have no interval; one side alone has no AUROC."""
    with pytest.raises(SonoloopError, match="4 are too few"):
        membership_attack(
            [patients(1, 5)[:, None]],
            patients(0, 40),
            still_groups=["stranger"] * 10,
            clip_groups=GROUPS,
            members={"p0", "p1", "p2", "p3"},
            embedding="drawn",
            seed=0,
        )
    with pytest.raises(SonoloopError, match="both sides, got 0 and 3"):
        auroc(np.zeros(0), np.zeros(3))
