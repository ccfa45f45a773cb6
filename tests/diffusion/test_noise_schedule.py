"""Noise schedules and the way from latent to noise."""

import diffusers
import pytest
import torch
from jaxtyping import TypeCheckError

from sonoloop.diffusion.noise_schedule import (
    add_noise,
    cosine_betas,
    cumulative_alphas,
    interpolate_to_noise,
    linear_betas,
    scaled_linear_betas,
)

OURS = {
    "linear": linear_betas,
    "scaled_linear": scaled_linear_betas,
    "squaredcos_cap_v2": cosine_betas,
}


@pytest.mark.parametrize("name", OURS)
def test_betas_equal_diffusers(name: str) -> None:
    """DDPMScheduler's float32 betas are ours, rounded."""
    theirs = diffusers.DDPMScheduler(beta_schedule=name).betas
    torch.testing.assert_close(OURS[name](1000).float(), theirs, rtol=1e-5, atol=1e-8)


def test_linear_betas_are_those_of_the_paper() -> None:
    """Ho et al. (2020), Section 4: 1e-4 to 0.02 in 1000 steps, almost nothing left at the end."""
    betas = linear_betas(1000)
    assert betas[0].item() == pytest.approx(1e-4)
    assert betas[-1].item() == pytest.approx(2e-2)
    assert cumulative_alphas(betas)[-1].item() == pytest.approx(4.04e-5, rel=1e-2)


@pytest.mark.parametrize("name", OURS)
def test_signal_only_ever_falls(name: str) -> None:
    """alpha_bar starts near 1, falls strictly and stays above 0, in float64."""
    alpha_bars = cumulative_alphas(OURS[name](1000))
    assert alpha_bars.dtype == torch.float64
    assert alpha_bars[0] > 0.999
    assert (alpha_bars.diff() < 0).all()
    assert 0 < alpha_bars[-1] < 0.01


def test_small_steps_add_up_to_the_jump() -> None:
    """Noising step by step (Ho et al. 2020, Eq. 2) gives the variance that Eq. 4 jumps to."""
    betas = linear_betas(100)
    signal, variance = 1.0, 0.0
    for beta in betas.tolist():
        signal, variance = signal * (1 - beta) ** 0.5, variance * (1 - beta) + beta
    alpha_bar = cumulative_alphas(betas)[-1].item()
    assert signal**2 == pytest.approx(alpha_bar)
    assert variance == pytest.approx(1 - alpha_bar)


def test_each_item_gets_its_own_noise_level() -> None:
    """At alpha_bar 1 the latent comes back, at 0 the noise, in between a weighted sum."""
    latent, noise = torch.randn(3, 2, 4), torch.randn(3, 2, 4)
    noisy = add_noise(latent, noise, torch.tensor([0, 1, 2]), torch.tensor([1.0, 0.64, 0.0]))
    torch.testing.assert_close(
        noisy, torch.stack([latent[0], 0.8 * latent[1] + 0.6 * noise[1], noise[2]])
    )
    noisy = interpolate_to_noise(latent, noise, torch.tensor([0.0, 0.25, 1.0]))
    expected = torch.stack([latent[0], 0.75 * latent[1] + 0.25 * noise[1], noise[2]])
    torch.testing.assert_close(noisy, expected)


def test_dtype_of_the_latent_is_kept() -> None:
    """float64 coefficients do not turn a float32 latent into float64."""
    noisy = add_noise(
        torch.zeros(1, 2), torch.zeros(1, 2), torch.tensor([0]), cumulative_alphas(linear_betas(5))
    )
    assert noisy.dtype == torch.float32


@pytest.mark.parametrize("betas", [linear_betas, scaled_linear_betas])
def test_impossible_bounds_are_refused(betas: type) -> None:
    """The message names both bounds."""
    with pytest.raises(ValueError, match=r"need 0 < beta_start <= beta_end < 1, got 0.5 and 0.1"):
        betas(10, beta_start=0.5, beta_end=0.1)


def test_shapes_are_checked() -> None:
    """Noise of another shape than the latent is refused before it broadcasts."""
    with pytest.raises(TypeCheckError, match="noise"):
        add_noise(torch.zeros(2, 4, 8), torch.zeros(2, 1, 8), torch.tensor([0, 0]), torch.ones(1))
