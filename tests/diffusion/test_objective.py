"""What the denoiser learns to predict, and how it is read back."""

import diffusers
import pytest
import torch

from sonoloop.diffusion.noise_schedule import add_noise
from sonoloop.diffusion.objective import (
    PredictionType,
    clean_latent,
    draw_noise_level,
    draw_timestep,
    min_snr_weight,
    prediction_target,
    velocity_target,
    weighted_squared_error,
)

PREDICTION_TYPES = ["epsilon", "v_prediction", "sample"]


def seeded(seed: int) -> torch.Generator:
    """Return a CPU generator."""
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("prediction_type", PREDICTION_TYPES)
def test_a_perfect_prediction_gives_the_latent_back(prediction_type: PredictionType) -> None:
    """clean_latent undoes add_noise when told exactly what it asks for."""
    latent, noise = torch.randn(4, 3, 5).double(), torch.randn(4, 3, 5).double()
    alpha_bar = torch.tensor([0.9, 0.5, 0.1, 0.01]).double()
    noisy = add_noise(latent, noise, torch.arange(4), alpha_bar)
    target = prediction_target(latent, noise, alpha_bar, prediction_type)
    torch.testing.assert_close(clean_latent(target, noisy, alpha_bar, prediction_type), latent)


def test_v_equals_diffusers() -> None:
    """DDPMScheduler.get_velocity."""
    scheduler = diffusers.DDPMScheduler()
    latent, noise, timestep = (
        torch.randn(3, 2, 4),
        torch.randn(3, 2, 4),
        torch.tensor([0, 500, 999]),
    )
    theirs = scheduler.get_velocity(latent, noise, timestep)
    ours = prediction_target(latent, noise, scheduler.alphas_cumprod[timestep], "v_prediction")
    torch.testing.assert_close(ours, theirs)


def test_velocity_leads_from_latent_to_noise() -> None:
    """Walking the whole way along it ends at the noise."""
    latent, noise = torch.randn(2, 3), torch.randn(2, 3)
    torch.testing.assert_close(latent + velocity_target(latent, noise), noise)


@pytest.mark.parametrize("prediction_type", PREDICTION_TYPES)
def test_min_snr_weighs_the_same_error_alike(prediction_type: PredictionType) -> None:
    """All three weights are min(SNR, gamma) on the error of z_0 (Hang et al. 2023, Eq. 9)."""
    alpha_bar = torch.tensor([0.99, 0.5, 0.1]).double()
    noisy, prediction = torch.randn(3, 6).double(), torch.randn(3, 6).double()
    shift = 0.1
    error = clean_latent(prediction + shift, noisy, alpha_bar, prediction_type) - clean_latent(
        prediction, noisy, alpha_bar, prediction_type
    )
    weighted = min_snr_weight(alpha_bar, prediction_type, 5.0) * shift**2
    capped = torch.tensor([5.0, 1.0, 1 / 9]).double()  # SNR 99, 1, 1/9
    torch.testing.assert_close(weighted, capped * error.square().mean(dim=1))


def test_loss_is_the_weighted_mean_over_items() -> None:
    """Two items with errors 1 and 4 and weights 3 and 0.5."""
    prediction, target = torch.tensor([[1.0, 1.0], [2.0, 2.0]]), torch.zeros(2, 2)
    assert weighted_squared_error(prediction, target).item() == pytest.approx(2.5)
    weight = torch.tensor([3.0, 0.5])
    assert weighted_squared_error(prediction, target, weight).item() == pytest.approx(2.5)


def test_timesteps_are_uniform() -> None:
    """Each of 10 steps has its tenth of 20,000 draws, within 4 standard errors."""
    counts = torch.bincount(draw_timestep(20_000, 10, seeded(0)), minlength=10)
    assert (counts - 2000).abs().max() < 4 * (2000 * 0.9) ** 0.5


def test_noise_levels_are_logit_normal() -> None:
    """Their logits have the mean and standard deviation asked for."""
    level = draw_noise_level(20_000, seeded(0), mean=-0.5, std=1.3)
    assert ((level > 0) & (level < 1)).all()
    assert level.logit().mean().item() == pytest.approx(-0.5, abs=0.04)
    assert level.logit().std().item() == pytest.approx(1.3, abs=0.04)
