"""Alterations change what a still shows, variations do not."""

import numpy as np
import pytest
import torch
from torch import Tensor

from sonoloop.synthesis.altered_stills import ALTERATIONS, alter, vary


@pytest.fixture(scope="module")
def still() -> Tensor:
    """Make noise that darkens with depth, with a bright line at a quarter of it."""
    noise = torch.rand((1, 64, 64), generator=torch.Generator().manual_seed(0)) * 0.1
    grey = noise + torch.linspace(0.6, 0.05, 64)[:, None]
    grey[:, 16:18] = 1.0
    return grey


@pytest.mark.parametrize("name", ALTERATIONS)
def test_an_altered_still_is_another(still: Tensor, name: str) -> None:
    """Same shape, grey levels in range, the same for the same seed, and not like the still."""
    altered = alter(still, name, np.random.default_rng(1))
    assert altered.shape == still.shape
    assert 0 <= altered.min() < altered.max() <= 1
    assert torch.equal(altered, alter(still, name, np.random.default_rng(1)))
    assert (altered - still).abs().mean() > 0.03


@pytest.mark.parametrize("name", ["upside down", "turned", "shuffled", "disordered"])
def test_pixels_are_kept_where_only_places_change(still: Tensor, name: str) -> None:
    """These move pixels."""
    altered = alter(still, name, np.random.default_rng(2))
    torch.testing.assert_close(altered.flatten().sort().values, still.flatten().sort().values)


def test_a_variation_keeps_the_order_of_depths(still: Tensor) -> None:
    """The line stays in the upper half and it stays brighter above than below."""
    rng = np.random.default_rng(0)
    for _ in range(10):
        profile = vary(still, rng).mean(dim=(0, 2))
        assert int(profile.argmax()) < 32
        assert profile[:16].mean() > profile[48:].mean()
