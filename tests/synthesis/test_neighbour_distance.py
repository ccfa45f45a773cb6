"""Distances in whitened feature space."""

import pytest
import torch
from torch import Tensor

from sonoloop.synthesis.neighbour_distance import NeighbourDistance


@pytest.fixture(scope="module")
def points() -> Tensor:
    """Draw 60 normal feature vectors of 20 groups."""
    return torch.randn(60, 10, generator=torch.Generator().manual_seed(0))


def test_far_is_far_whatever_the_unit(points: Tensor) -> None:
    """Scaling and shifting the features changes no distance."""
    group = torch.arange(60) // 3
    fitted, own = NeighbourDistance.fit(points, group)
    scaled, scaled_own = NeighbourDistance.fit(points * 7 + 3, group)
    probe = torch.cat([points[:5] + 0.1, points[:5] + 20])
    found = fitted.log_distances(probe)
    torch.testing.assert_close(own, scaled_own, atol=1e-4, rtol=0)
    torch.testing.assert_close(found, scaled.log_distances(probe * 7 + 3), atol=1e-3, rtol=0)
    assert found[:5].max() < own.max() < found[5:].min()


def test_the_own_group_does_not_count(points: Tensor) -> None:
    """Copies within a group are not near: as if each stood alone, no distance is small."""
    copies = points[:20].repeat_interleave(3, dim=0)
    fitted, _ = NeighbourDistance.fit(copies, torch.arange(60) // 3)
    alone, _ = NeighbourDistance.fit(copies, torch.arange(60))
    assert fitted.spacing.min() > 1.2 * alone.spacing.min()
