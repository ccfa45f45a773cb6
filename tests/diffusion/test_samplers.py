"""Every sampler against its published form and against diffusers."""

import math
from collections.abc import Callable
from itertools import pairwise

import diffusers
import numpy as np
import pytest
import torch
from torch import Tensor

from sonoloop.diffusion.noise_schedule import (
    cosine_betas,
    cumulative_alphas,
    linear_betas,
    scaled_linear_betas,
)
from sonoloop.diffusion.objective import PredictionType, clean_latent
from sonoloop.diffusion.samplers import (
    ddim,
    ddpm,
    dpm_solver_pp_2m,
    euler,
    falling_noise_levels,
    heun,
    trailing_timesteps,
)

SHAPE = (2, 3, 2, 4, 4)
TRAIN_STEPS = 1000
ALPHA_BARS = {
    "linear": cumulative_alphas(linear_betas(TRAIN_STEPS)),
    "scaled_linear": cumulative_alphas(scaled_linear_betas(TRAIN_STEPS)),
    "cosine": cumulative_alphas(cosine_betas(TRAIN_STEPS)),
}
PREDICTION_TYPES = ["epsilon", "v_prediction", "sample"]
Net = Callable[[Tensor, Tensor], Tensor]


def seeded(seed: int) -> torch.Generator:
    """Return a CPU generator."""
    return torch.Generator().manual_seed(seed)


def normal(generator: torch.Generator) -> Tensor:
    """Return noise in float64."""
    return torch.randn(SHAPE, generator=generator, dtype=torch.float64)


def random_net(seed: int = 0) -> Net:
    """Return a smooth random function of latent and time in [0, 1], in place of a denoiser."""
    generator = seeded(seed)
    mix = torch.randn(3, 3, generator=generator, dtype=torch.float64) / 3
    phase = torch.randn(3, 1, 1, 1, generator=generator, dtype=torch.float64)

    def net(latent: Tensor, time: Tensor) -> Tensor:
        place = time.double().reshape(-1, 1, 1, 1, 1)
        return torch.tanh(torch.einsum("bcthw,cd->bdthw", latent, mix) + phase * place)

    return net


def assert_same(ours: Tensor, theirs: Tensor) -> None:
    """Compare to 1e-5 of the largest value."""
    assert theirs.isfinite().all()
    assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max()


def as_denoise(net: Net, alpha_bars: Tensor, prediction_type: PredictionType) -> Net:
    """Turn a network's prediction into the clean latent that our samplers take."""

    def denoise(noisy_latent: Tensor, timestep: Tensor) -> Tensor:
        prediction = net(noisy_latent, timestep / TRAIN_STEPS)
        return clean_latent(prediction, noisy_latent, alpha_bars[timestep], prediction_type)

    return denoise


def with_float64(scheduler: object, alpha_bars: Tensor) -> object:
    """Give a diffusers scheduler float64 alpha_bars; its own are float32, which costs 1e-4."""
    scheduler.alphas_cumprod = alpha_bars
    scheduler.one = scheduler.final_alpha_cumprod = torch.ones((), dtype=torch.float64)
    return scheduler


def run_diffusers(scheduler: object, net: Net, latent: Tensor, **step: object) -> Tensor:
    """Sample with a diffusers scheduler; each prediction sees the time as a share of T."""
    for timestep in scheduler.timesteps:
        time = (timestep / TRAIN_STEPS).expand(len(latent))
        prediction = net(latent, time)
        latent = scheduler.step(prediction, timestep, latent, return_dict=False, **step)[0]
    return latent


@pytest.mark.parametrize("schedule", ALPHA_BARS)
@pytest.mark.parametrize("prediction_type", PREDICTION_TYPES)
@pytest.mark.parametrize("steps", [10, 100])
def test_ddpm_equals_diffusers(schedule: str, prediction_type: PredictionType, steps: int) -> None:
    """DDPMScheduler with the posterior variance and trailing steps, identical noise."""
    alpha_bars, net = ALPHA_BARS[schedule], random_net()
    scheduler = with_float64(
        diffusers.DDPMScheduler(
            prediction_type=prediction_type, clip_sample=False, timestep_spacing="trailing"
        ),
        alpha_bars,
    )
    scheduler.set_timesteps(steps)
    source = seeded(1)
    theirs = run_diffusers(scheduler, net, normal(source), generator=source)
    source = seeded(1)
    ours = ddpm(
        as_denoise(net, alpha_bars, prediction_type),
        normal(source),
        trailing_timesteps(TRAIN_STEPS, steps),
        alpha_bars,
        lambda: normal(source),
    )
    assert_same(ours, theirs)


@pytest.mark.parametrize("schedule", ALPHA_BARS)
@pytest.mark.parametrize("prediction_type", PREDICTION_TYPES)
@pytest.mark.parametrize("eta", [0.0, 0.6, 1.0])
def test_ddim_equals_diffusers(schedule: str, prediction_type: PredictionType, eta: float) -> None:
    """DDIMScheduler with trailing steps, identical noise."""
    alpha_bars, net = ALPHA_BARS[schedule], random_net()
    scheduler = with_float64(
        diffusers.DDIMScheduler(
            prediction_type=prediction_type, clip_sample=False, timestep_spacing="trailing"
        ),
        alpha_bars,
    )
    scheduler.set_timesteps(20)
    source = seeded(1)
    theirs = run_diffusers(scheduler, net, normal(source), generator=source, eta=eta)
    source = seeded(1)
    ours = ddim(
        as_denoise(net, alpha_bars, prediction_type),
        normal(source),
        trailing_timesteps(TRAIN_STEPS, 20),
        alpha_bars,
        lambda: normal(source),
        eta=eta,
    )
    assert_same(ours, theirs)


@pytest.mark.parametrize("schedule", ALPHA_BARS)
@pytest.mark.parametrize("prediction_type", PREDICTION_TYPES)
@pytest.mark.parametrize("steps", [1, 2, 20])
# diffusers turns a tensor into an array in the way of NumPy 1.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_dpm_solver_equals_diffusers(
    schedule: str, prediction_type: PredictionType, steps: int
) -> None:
    """DPMSolverMultistepScheduler: dpmsolver++, order 2, midpoint, trailing steps."""
    alpha_bars, net = ALPHA_BARS[schedule], random_net()
    scheduler = with_float64(
        diffusers.DPMSolverMultistepScheduler(
            prediction_type=prediction_type, timestep_spacing="trailing"
        ),
        alpha_bars,
    )
    scheduler.set_timesteps(steps)
    noise = normal(seeded(1))
    ours = dpm_solver_pp_2m(
        as_denoise(net, alpha_bars, prediction_type),
        noise,
        trailing_timesteps(TRAIN_STEPS, steps),
        alpha_bars,
    )
    assert_same(ours, run_diffusers(scheduler, net, noise))


@pytest.mark.parametrize("steps", [1, 4, 25])
def test_euler_equals_diffusers(steps: int) -> None:
    """FlowMatchEulerDiscreteScheduler given the even noise levels its pipelines pass."""
    levels = falling_noise_levels(steps)
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler()
    scheduler.set_timesteps(sigmas=np.array(levels[:-1]))
    noise = normal(seeded(1))
    assert_same(euler(random_net(), noise, levels), run_diffusers(scheduler, random_net(), noise))


@pytest.mark.parametrize("steps", [2, 4, 25])
def test_heun_equals_diffusers(steps: int) -> None:
    """FlowMatchHeunDiscreteScheduler on its own noise levels (1 to 0.001, then 0)."""
    scheduler = diffusers.FlowMatchHeunDiscreteScheduler()
    scheduler.set_timesteps(steps)
    levels = [*np.linspace(1, 1 / TRAIN_STEPS, steps).tolist(), 0.0]
    noise = normal(seeded(1))
    assert_same(heun(random_net(), noise, levels), run_diffusers(scheduler, random_net(), noise))


def gaussian_denoise(mean: float, std: float, alpha_bars: Tensor) -> Net:
    """Return E(z_0 | z_t) of a Gaussian latent, in closed form (Bayes' rule)."""

    def denoise(noisy_latent: Tensor, timestep: Tensor) -> Tensor:
        signal = alpha_bars[timestep].reshape(-1, 1)
        gain = signal.sqrt() * std**2 / (signal * std**2 + 1 - signal)
        return mean + gain * (noisy_latent - signal.sqrt() * mean)

    return denoise


def gaussian_velocity(mean: float, std: float) -> Net:
    """Return E(noise - z_0 | z_s) of a Gaussian latent, in closed form (Bayes' rule)."""

    def velocity(noisy_latent: Tensor, noise_level: Tensor) -> Tensor:
        s = noise_level.reshape(-1, 1)
        gain = (s - (1 - s) * std**2) / ((1 - s) ** 2 * std**2 + s**2)
        return -mean + gain * (noisy_latent - (1 - s) * mean)

    return velocity


@pytest.mark.parametrize("name", ["ddpm", "ddim", "dpm_solver_pp_2m", "euler", "heun"])
def test_exact_denoiser_gives_back_the_distribution(name: str) -> None:
    """With the closed-form denoiser of N(2, 0.5^2), every sampler samples N(2, 0.5^2)."""
    source, alpha_bars = seeded(3), ALPHA_BARS["linear"]
    noise = torch.randn(20_000, 1, generator=source, dtype=torch.float64)
    denoise, velocity = gaussian_denoise(2, 0.5, alpha_bars), gaussian_velocity(2, 0.5)
    steps, levels = trailing_timesteps(TRAIN_STEPS, 200), falling_noise_levels(200)

    def draw_noise() -> Tensor:
        return torch.randn(noise.shape, generator=source, dtype=torch.float64)

    samples = {
        "ddpm": lambda: ddpm(denoise, noise, steps, alpha_bars, draw_noise),
        "ddim": lambda: ddim(denoise, noise, steps, alpha_bars, draw_noise),
        "dpm_solver_pp_2m": lambda: dpm_solver_pp_2m(denoise, noise, steps, alpha_bars),
        "euler": lambda: euler(velocity, noise, levels),
        "heun": lambda: heun(velocity, noise, levels),
    }[name]()
    assert samples.mean().item() == pytest.approx(2, abs=0.02)
    assert samples.std().item() == pytest.approx(0.5, rel=0.05)


def test_higher_order_is_more_exact_at_equal_cost() -> None:
    """The map from noise to N(2, 0.5^2) is 2 + 0.5 noise; 2M and Heun come closer to it."""
    alpha_bars = ALPHA_BARS["linear"]
    noise = torch.linspace(-2, 2, 9, dtype=torch.float64).reshape(-1, 1)
    exact = 2 + 0.5 * noise

    def error(latent: Tensor) -> float:
        return (latent - exact).abs().max().item()

    denoise, velocity = gaussian_denoise(2, 0.5, alpha_bars), gaussian_velocity(2, 0.5)
    steps = trailing_timesteps(TRAIN_STEPS, 20)
    first_order = error(ddim(denoise, noise, steps, alpha_bars, lambda: noise))
    assert error(dpm_solver_pp_2m(denoise, noise, steps, alpha_bars)) < first_order / 2
    straight = error(euler(velocity, noise, falling_noise_levels(19)))
    assert error(heun(velocity, noise, falling_noise_levels(10))) < straight / 2


@pytest.mark.parametrize("std", [0.1, 0.4, 1.0])
def test_few_steps_keep_the_spread_if_well_placed(std: float) -> None:
    """Ten equal Euler steps narrow N(0, std^2) by more than a tenth; 6 Heun steps, as dear, do not.

    The flow of a Gaussian is linear, so the noise 1 ends at the standard deviation sampled.
    """
    noise = torch.ones(1, 1, dtype=torch.float64)
    narrow = euler(gaussian_velocity(0, std), noise, falling_noise_levels(10)).item() / std
    levels = falling_noise_levels(6, power=2.0)
    assert narrow < 0.9
    assert heun(gaussian_velocity(0, std), noise, levels).item() / std == pytest.approx(1, abs=0.09)


def test_steps_fall_evenly_from_noise() -> None:
    """Trailing steps start at T - 1 (Lin et al. 2023, Table 2: 999 ... 99 for 10 of 1000)."""
    assert trailing_timesteps(1000, 10) == [999, 899, 799, 699, 599, 499, 399, 299, 199, 99]
    assert trailing_timesteps(1000, 1000) == list(range(999, -1, -1))
    assert falling_noise_levels(4) == [1, 0.75, 0.5, 0.25, 0]
    assert falling_noise_levels(2, power=2.0) == [1, 0.25, 0]
    for steps in (3, 7, 48):
        assert all(a > b for a, b in pairwise(trailing_timesteps(50, steps)))
        assert math.isclose(sum(falling_noise_levels(steps)), (steps + 1) / 2)


def test_impossible_numbers_of_steps_are_refused() -> None:
    """The message names the range and the value."""
    with pytest.raises(ValueError, match="need 1 to 50 inference steps, got 51"):
        trailing_timesteps(50, 51)
    with pytest.raises(ValueError, match="at least 1 inference step, got 0"):
        falling_noise_levels(0)
