"""Tissue of no organ."""

import numpy as np
import torch

from sonoloop.synthesis.made_up_tissue import made_up_tissue


def test_stills_fill_the_field_and_differ() -> None:
    """Grey levels are in range, no two stills are equal, a seed gives the same ones."""
    stills = made_up_tissue(np.random.default_rng(0), 30)
    assert stills.shape == (30, 1, 64, 64)
    assert 0 <= stills.min() < stills.max() <= 1
    assert stills.std(dim=(1, 2, 3)).min() > 0.005
    apart = torch.cdist(stills.flatten(1), stills.flatten(1)) + torch.eye(30) * 100
    assert apart.min() > 1
    assert torch.equal(stills, made_up_tissue(np.random.default_rng(0), 30))
