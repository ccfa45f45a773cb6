"""One generator per clip."""

import numpy as np
import pytest
import torch

from sonoloop.synthesis.seeds import clip_generator, pixels_sha256

STILL = pixels_sha256(np.zeros((1, 4, 4), np.uint8))
OTHER = pixels_sha256(np.ones((1, 4, 4), np.uint8))


def test_same_seed_still_and_sample_give_the_same_numbers() -> None:
    """Nothing else enters."""
    first, again = (torch.randn(5, generator=clip_generator(3, STILL, 2)) for _ in range(2))
    torch.testing.assert_close(first, again, rtol=0, atol=0)


def test_any_difference_gives_other_numbers() -> None:
    """Seed and sample are not interchangeable: (1, 2) is not (2, 1)."""
    keys = [(1, STILL, 2), (2, STILL, 1), (1, OTHER, 2), (1, STILL, 3), (0, STILL, 12)]
    draws = {float(torch.randn((), generator=clip_generator(*key))) for key in keys}
    assert len(draws) == len(keys)


def test_identity_knows_the_size() -> None:
    """The same bytes in another shape are another picture."""
    flat = np.arange(12, dtype=np.uint8)
    assert pixels_sha256(flat.reshape(1, 3, 4)) != pixels_sha256(flat.reshape(1, 4, 3))
    assert pixels_sha256(flat[::2]) == pixels_sha256(flat[::2].copy())


def test_negative_seeds_are_refused() -> None:
    """With the numbers in the message."""
    with pytest.raises(ValueError, match="at least 0, got -1 and 0"):
        clip_generator(-1, STILL, 0)
