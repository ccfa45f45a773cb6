"""Numbers that describe a still."""

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from sonoloop.synthesis.still_features import still_features


def scan(height: int, width: int, *, sigma: float = 2.0, seed: int = 0) -> Tensor:
    """Make speckle in the middle of a black 128 x 128 square."""
    noise = np.random.default_rng(seed).standard_normal((height, width))
    speckle = ndimage.gaussian_filter(noise, sigma)
    square = np.zeros((1, 1, 128, 128), np.float32)
    top, left = (128 - height) // 2, (128 - width) // 2
    levels = (0.4 + 0.15 * speckle / speckle.std()).clip(0.1, 1)
    square[0, 0, top : top + height, left : left + width] = levels
    return torch.from_numpy(square) * 2 - 1


def test_place_and_mirror_do_not_matter_much() -> None:
    """A shift or mirror image differs far less than another texture."""
    still = scan(80, 96)
    reference = still_features(still)
    shifted = still_features(still.roll((10, -6), dims=(2, 3)))
    mirrored = still_features(still.flip(3))
    coarser = still_features(scan(80, 96, sigma=6.0))
    change = float((coarser - reference).norm())
    assert float((mirrored - reference).norm()) < 0.2 * change
    assert float((shifted - reference)[:, -24:].norm()) < 0.2 * change


def test_size_of_the_model_does_not_matter_much() -> None:
    """The same still at 64 and at 128 pixels."""
    still = scan(128, 128, sigma=4.0)
    small = torch.nn.functional.avg_pool2d(still, 2)
    torch.testing.assert_close(still_features(small), still_features(still), rtol=0.02, atol=0.02)


def test_stills_are_described_one_by_one() -> None:
    """A batch changes nothing; black pictures give finite numbers."""
    stills = torch.cat([scan(128, 128), scan(60, 128, seed=1), torch.full((1, 1, 128, 128), -1.0)])
    together = still_features(stills)
    assert together.shape == (3, 48)
    assert together.isfinite().all()
    alone = torch.cat([still_features(still[None]) for still in stills])
    torch.testing.assert_close(alone, together)


def test_quantiles_are_those_of_the_tissue() -> None:
    """Known values: numpy's quantiles of a picture that is tissue all over."""
    still = scan(128, 128)
    grey = torch.nn.functional.avg_pool2d((still + 1) / 2, 2).numpy()
    expected = np.quantile(grey, (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99))
    np.testing.assert_allclose(still_features(still)[0, :8], expected, atol=1e-5)
