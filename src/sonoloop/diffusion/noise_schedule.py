"""The forward process q(z_t | z_0) of Ho et al. (2020), arXiv:2006.11239, Section 2."""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.shapes import Latent, Timestep

COSINE_OFFSET = 0.008
"""Keeps beta_t from vanishing at t = 0 (Nichol and Dhariwal 2021, Section 3.2)."""

COSINE_MAX_BETA = 0.999
"""Keeps the last step from destroying all signal (Nichol and Dhariwal 2021, Section 3.2)."""


def linear_betas(
    num_train_timesteps: int, *, beta_start: float = 1e-4, beta_end: float = 2e-2
) -> Float[Tensor, " {num_train_timesteps}"]:
    """Space the noise variances beta_t evenly (Ho et al. 2020, Section 4).

    Args:
        num_train_timesteps: Number of noise levels; at least 1.
        beta_start: Variance added at the first step, dimensionless, in (0, 1).
        beta_end: Variance added at the last step, at least ``beta_start``.

    Returns:
        Variances in float64, because their product over 1000 steps is taken next.

    Raises:
        ValueError: If the bounds are not 0 < beta_start <= beta_end < 1.
    """
    _check_bounds(beta_start, beta_end)
    return torch.linspace(beta_start, beta_end, num_train_timesteps, dtype=torch.float64)


def scaled_linear_betas(
    num_train_timesteps: int, *, beta_start: float = 1e-4, beta_end: float = 2e-2
) -> Float[Tensor, " {num_train_timesteps}"]:
    """Space the square roots of the noise variances evenly (Rombach et al. 2022, released code).

    Args:
        num_train_timesteps: Number of noise levels; at least 1.
        beta_start: Variance added at the first step, dimensionless, in (0, 1).
        beta_end: Variance added at the last step, at least ``beta_start``.

    Returns:
        Variances in float64.

    Raises:
        ValueError: If the bounds are not 0 < beta_start <= beta_end < 1.
    """
    _check_bounds(beta_start, beta_end)
    roots = torch.linspace(
        math.sqrt(beta_start), math.sqrt(beta_end), num_train_timesteps, dtype=torch.float64
    )
    return roots.square()


def cosine_betas(num_train_timesteps: int) -> Float[Tensor, " {num_train_timesteps}"]:
    """Let alpha_bar fall like a squared cosine (Nichol and Dhariwal 2021, Eq. 17).

    Args:
        num_train_timesteps: Number of noise levels; at least 1.

    Returns:
        Variances in float64, at most ``COSINE_MAX_BETA``.
    """
    place = torch.linspace(0, 1, num_train_timesteps + 1, dtype=torch.float64)
    alpha_bars = torch.cos((place + COSINE_OFFSET) / (1 + COSINE_OFFSET) * math.pi / 2).square()
    return (1 - alpha_bars[1:] / alpha_bars[:-1]).clamp(max=COSINE_MAX_BETA)


def cumulative_alphas(betas: Float[Tensor, " steps"]) -> Float[Tensor, " steps"]:
    """Share of the signal's variance left after each step, alpha_bar_t (Ho et al. 2020, Eq. 4).

    Args:
        betas: Noise variances, each in (0, 1).

    Returns:
        Products of 1 - beta up to and including each step, falling.
    """
    return torch.cumprod(1 - betas, dim=0)


def alpha_bars_of(
    schedule: Literal["linear", "scaled_linear", "cosine"],
    num_train_timesteps: int,
    *,
    beta_start: float,
    beta_end: float,
) -> Float[Tensor, " {num_train_timesteps}"]:
    """Share of the signal's variance left after each step of a schedule, by its name.

    Args:
        schedule: How the variances grow.
        num_train_timesteps: Number of noise levels; at least 1.
        beta_start: First variance; the cosine schedule has its own.
        beta_end: Last variance; the cosine schedule has its own.
    """
    if schedule == "cosine":
        return cumulative_alphas(cosine_betas(num_train_timesteps))
    betas = linear_betas if schedule == "linear" else scaled_linear_betas
    return cumulative_alphas(betas(num_train_timesteps, beta_start=beta_start, beta_end=beta_end))


def add_noise(
    latent: Latent, noise: Latent, timestep: Timestep, alpha_bars: Float[Tensor, " steps"]
) -> Latent:
    """Jump straight to the noisy latent z_t (Ho et al. 2020, Eq. 4).

    z_t = sqrt(alpha_bar_t) * z_0 + sqrt(1 - alpha_bar_t) * noise

    Args:
        latent: Clean latent z_0.
        noise: Standard normal, same shape as ``latent``.
        timestep: One step per item of the batch.
        alpha_bars: Cumulative products of 1 - beta_t.

    Returns:
        Noisy latent z_t, same dtype as ``latent``.
    """
    alpha_bar = per_item(alpha_bars[timestep], latent)
    return alpha_bar.sqrt() * latent + (1 - alpha_bar).sqrt() * noise


def interpolate_to_noise(latent: Latent, noise: Latent, noise_level: Float[Tensor, " b"]) -> Latent:
    """Walk the straight path from latent to noise (Liu et al. 2022, arXiv:2209.03003, Eq. 1).

    z_s = (1 - s) * z_0 + s * noise

    Args:
        latent: Clean latent z_0.
        noise: Standard normal, same shape as ``latent``.
        noise_level: Place s on the path, one per item, 0 (clean) to 1 (noise).

    Returns:
        Noisy latent z_s, same dtype as ``latent``.
    """
    level = per_item(noise_level, latent)
    return (1 - level) * latent + level * noise


def per_item(values: Float[Tensor, " b"], latent: Latent) -> Float[Tensor, "b ..."]:
    """Give one number per item the axes, dtype and device of a latent, so that they multiply.

    Args:
        values: One number per item.
        latent: Gives dtype, device and number of axes.

    Returns:
        ``values`` of shape (b, 1, ..., 1).
    """
    return values.to(latent).reshape(-1, *[1] * (latent.ndim - 1))


def _check_bounds(beta_start: float, beta_end: float) -> None:
    if not 0 < beta_start <= beta_end < 1:
        msg = f"need 0 < beta_start <= beta_end < 1, got {beta_start} and {beta_end}"
        raise ValueError(msg)
