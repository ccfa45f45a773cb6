"""The blur is scipy's, frame by frame."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from sonoloop.layers.gaussian_blur import TRUNCATE, gaussian_blur


@pytest.mark.parametrize("sigma", [0.7, 2.0])
def test_it_agrees_with_scipy(sigma: float) -> None:
    """scipy.ndimage.gaussian_filter, mode nearest and the same reach, is the independent source."""
    clip = np.random.default_rng(0).normal(size=(2, 1, 3, 20, 25)).astype(np.float32)
    radius = int(np.ceil(TRUNCATE * sigma))
    expected = gaussian_filter(clip, sigma, mode="nearest", radius=radius, axes=(3, 4))
    result = gaussian_blur(torch.from_numpy(clip), sigma)
    np.testing.assert_allclose(result.numpy(), expected, atol=1e-5)
