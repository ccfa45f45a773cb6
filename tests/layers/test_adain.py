"""AdaIN takes statistics from the latent and nothing else from the features."""

import torch

from sonoloop.layers.adain import AdaptiveInstanceNorm3d, PlainAdaIN3d, as_grid


def test_output_has_the_statistics_the_latent_asks_for() -> None:
    """Mean beta and standard deviation 1 + gamma, whatever the input's (Eq. 8)."""
    adain = AdaptiveInstanceNorm3d(3, 5)
    latent = torch.randn(2, 5)
    features = 7 + 3 * torch.randn(2, 3, 4, 16, 16)
    out = adain(features, latent)
    gamma, beta = adain.gamma_beta(as_grid(latent)).flatten(1).chunk(2, dim=1)
    torch.testing.assert_close(out.mean((2, 3, 4)), beta, atol=1e-4, rtol=0)
    torch.testing.assert_close(
        out.std((2, 3, 4), unbiased=False), (1 + gamma).abs(), atol=1e-4, rtol=0
    )


def test_a_constant_grid_latent_acts_as_the_vector_of_its_cells() -> None:
    """Grid and vector are one code path, so they agree where they mean the same."""
    adain = AdaptiveInstanceNorm3d(4, 3)
    vector = torch.randn(2, 3)
    grid = as_grid(vector).expand(-1, -1, 2, 2, 2)
    features = torch.randn(2, 4, 4, 8, 8)
    torch.testing.assert_close(adain(features, grid), adain(features, vector))


def test_a_grid_latent_acts_locally() -> None:
    """Changing the last cell in time leaves the first frame's modulation alone."""
    adain = AdaptiveInstanceNorm3d(4, 3)
    features = torch.randn(1, 4, 8, 8, 8)
    latent = torch.randn(1, 3, 4, 2, 2)
    changed = latent.clone()
    changed[:, :, -1] += 1
    difference = (adain(features, latent) - adain(features, changed)).abs().amax((0, 1, 3, 4))
    assert difference[0] == 0
    assert difference[-1] > 0


def test_plain_adain_scales_by_gamma_itself() -> None:
    """Mean beta and standard deviation |gamma|: a latent of gamma 0 leaves nothing but beta."""
    adain = PlainAdaIN3d(3, 5)
    latent = torch.randn(2, 5)
    out = adain(7 + 3 * torch.randn(2, 3, 4, 16, 16), latent)
    gamma, beta = adain.gamma_beta(latent).chunk(2, dim=1)
    torch.testing.assert_close(out.mean((2, 3, 4)), beta, atol=1e-4, rtol=0)
    torch.testing.assert_close(out.std((2, 3, 4), unbiased=False), gamma.abs(), atol=1e-4, rtol=0)
