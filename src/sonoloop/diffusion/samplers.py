"""From noise to a latent: one function per published sampler.

The DDPM family takes ``denoise(noisy_latent, timestep)``, the estimate of the clean latent z_0,
so what the network predicts is no concern of the sampler. The flow-matching samplers take
``velocity(noisy_latent, noise_level)``. Coefficients are Python floats, that is float64.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.shapes import Latent

Denoise = Callable[[Tensor, Tensor], Tensor]
"""(noisy latent, one integer timestep per item) -> estimate of the clean latent."""

Velocity = Callable[[Tensor, Tensor], Tensor]
"""(noisy latent, one noise level in [0, 1] per item) -> direction towards the noise."""

DrawNoise = Callable[[], Tensor]
"""Fresh standard normal noise of the latent's shape."""


def trailing_timesteps(num_train_timesteps: int, num_inference_steps: int) -> list[int]:
    """Spread the steps evenly, the noisiest one included (Lin et al. 2023, arXiv:2305.08891).

    Args:
        num_train_timesteps: Number of noise levels T in training.
        num_inference_steps: Number of steps to take, 1 to T.

    Returns:
        Falling timesteps, the first T - 1.

    Raises:
        ValueError: If there are not 1 to T steps.
    """
    if not 1 <= num_inference_steps <= num_train_timesteps:
        msg = f"need 1 to {num_train_timesteps} inference steps, got {num_inference_steps}"
        raise ValueError(msg)
    stride = num_train_timesteps / num_inference_steps
    return [round(num_train_timesteps - i * stride) - 1 for i in range(num_inference_steps)]


def falling_noise_levels(num_inference_steps: int, *, power: float = 1.0) -> list[float]:
    """Cut the way from noise (1) to latent (0) into steps, (1 - i / n)^power.

    Args:
        num_inference_steps: Number of steps n, at least 1.
        power: 1 makes equal steps, more makes them shorter towards the latent, where narrow
            distributions take shape.

    Returns:
        ``num_inference_steps + 1`` falling noise levels, 1 to 0.

    Raises:
        ValueError: If there is no step.
    """
    if num_inference_steps < 1:
        msg = f"need at least 1 inference step, got {num_inference_steps}"
        raise ValueError(msg)
    return [(1 - i / num_inference_steps) ** power for i in range(num_inference_steps + 1)]


def ddpm(
    denoise: Denoise,
    noise: Latent,
    timesteps: Sequence[int],
    alpha_bars: Float[Tensor, " steps"],
    draw_noise: DrawNoise,
) -> Latent:
    """Sample step by step from the posterior q(z_s | z_t, z_0) (Ho et al. 2020, Eqs. 6 and 7).

    With s the step after t, alpha = alpha_bar_t / alpha_bar_s and beta = 1 - alpha:
    mean = (sqrt(alpha_bar_s) beta z_0 + sqrt(alpha) (1 - alpha_bar_s) z_t) / (1 - alpha_bar_t),
    variance = beta (1 - alpha_bar_s) / (1 - alpha_bar_t).

    Args:
        denoise: Estimate of the clean latent.
        noise: Start, standard normal.
        timesteps: Falling steps to visit.
        alpha_bars: Signal variance left after each training step.
        draw_noise: Called once per step except the last.

    Returns:
        Latent.
    """
    noisy = noise
    for timestep, (now, after) in _visit(timesteps, alpha_bars, noise):
        clean = denoise(noisy, timestep)
        alpha = now / after
        mean = (
            math.sqrt(after) * (1 - alpha) / (1 - now) * clean
            + math.sqrt(alpha) * (1 - after) / (1 - now) * noisy
        )
        variance = (1 - alpha) * (1 - after) / (1 - now)
        noisy = mean + math.sqrt(variance) * draw_noise() if variance > 0 else mean
    return noisy


def ddim(
    denoise: Denoise,
    noise: Latent,
    timesteps: Sequence[int],
    alpha_bars: Float[Tensor, " steps"],
    draw_noise: DrawNoise,
    *,
    eta: float = 0.0,
) -> Latent:
    """Sample along a non-Markov path (Song et al. 2020, arXiv:2010.02502, Eqs. 12 and 16).

    Args:
        denoise: Estimate of the clean latent.
        noise: Start, standard normal.
        timesteps: Falling steps to visit.
        alpha_bars: Signal variance left after each training step.
        draw_noise: Called once per step except the last, and never with ``eta`` 0.
        eta: Fresh noise: 0 is deterministic, 1 as much as DDPM.

    Returns:
        Latent.
    """
    noisy = noise
    for timestep, (now, after) in _visit(timesteps, alpha_bars, noise):
        clean = denoise(noisy, timestep)
        epsilon = (noisy - math.sqrt(now) * clean) / math.sqrt(1 - now)
        sigma = eta * math.sqrt((1 - after) / (1 - now) * (1 - now / after))
        noisy = math.sqrt(after) * clean + math.sqrt(1 - after - sigma**2) * epsilon
        if sigma > 0:
            noisy = noisy + sigma * draw_noise()
    return noisy


def dpm_solver_pp_2m(
    denoise: Denoise,
    noise: Latent,
    timesteps: Sequence[int],
    alpha_bars: Float[Tensor, " steps"],
) -> Latent:
    """Solve the diffusion ODE with two past estimates (Lu et al. 2022, arXiv:2211.01095, Alg. 2).

    With a = sqrt(alpha_bar), s = sqrt(1 - alpha_bar), lambda = log(a / s), h the step in lambda
    and r its ratio to the step before: D = (1 + 1/(2r)) z_0 - 1/(2r) (z_0 of the step before),
    z_next = s_next / s_now z_now - a_next (exp(-h) - 1) D. The first step and the last, where
    lambda is infinite, use D = z_0.

    Args:
        denoise: Estimate of the clean latent.
        noise: Start, standard normal.
        timesteps: Falling steps to visit.
        alpha_bars: Signal variance left after each training step.

    Returns:
        Latent.
    """
    noisy, clean_before, step_before = noise, None, 0.0
    for timestep, (now, after) in _visit(timesteps, alpha_bars, noise):
        clean = denoise(noisy, timestep)
        if after == 1:  # no noise is left: lambda is infinite and exp(-h) is 0
            return clean
        step = _half_log_snr(after) - _half_log_snr(now)
        estimate = clean
        if clean_before is not None:
            estimate = clean + step / (2 * step_before) * (clean - clean_before)
        noisy = (
            math.sqrt((1 - after) / (1 - now)) * noisy
            - math.sqrt(after) * math.expm1(-step) * estimate
        )
        clean_before, step_before = clean, step
    return noisy


def euler(velocity: Velocity, noise: Latent, noise_levels: Sequence[float]) -> Latent:
    """Follow the flow in straight steps (Liu et al. 2022, arXiv:2209.03003, Section 2.1).

    Args:
        velocity: Direction towards the noise.
        noise: Start, standard normal.
        noise_levels: Falling, the first 1 and the last 0.

    Returns:
        Latent.
    """
    noisy = noise
    for now, after in pairwise(noise_levels):
        noisy = noisy + (after - now) * velocity(noisy, _filled(now, noise))
    return noisy


def heun(velocity: Velocity, noise: Latent, noise_levels: Sequence[float]) -> Latent:
    """Follow the flow with the mean of both ends' directions (Karras et al. 2022, Algorithm 1).

    The last step is a straight one, as in that algorithm, so n steps cost 2 n - 1 evaluations.

    Args:
        velocity: Direction towards the noise.
        noise: Start, standard normal.
        noise_levels: Falling, the first 1 and the last 0.

    Returns:
        Latent.
    """
    noisy = noise
    for now, after in pairwise(noise_levels):
        direction = velocity(noisy, _filled(now, noise))
        straight = noisy + (after - now) * direction
        if after == 0:
            return straight
        direction = (direction + velocity(straight, _filled(after, noise))) / 2
        noisy = noisy + (after - now) * direction
    return noisy


def _visit(
    timesteps: Sequence[int], alpha_bars: Tensor, latent: Tensor
) -> list[tuple[Tensor, tuple[float, float]]]:
    """Pair each timestep (one per item) with alpha_bar there and at the step after it."""
    values = [*(float(alpha_bars[timestep]) for timestep in timesteps), 1.0]
    batch = [
        torch.full((len(latent),), timestep, dtype=torch.long, device=latent.device)
        for timestep in timesteps
    ]
    return list(zip(batch, pairwise(values), strict=True))


def _filled(noise_level: float, latent: Tensor) -> Tensor:
    return torch.full((len(latent),), noise_level, dtype=latent.dtype, device=latent.device)


def _half_log_snr(alpha_bar: float) -> float:
    return 0.5 * (math.log(alpha_bar) - math.log1p(-alpha_bar))
