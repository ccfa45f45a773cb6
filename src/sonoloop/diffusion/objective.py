"""What the denoiser is trained to predict, and how its prediction is read back.

DDPM objectives: Ho et al. (2020), arXiv:2006.11239; Salimans and Ho (2022), arXiv:2202.00512.
Flow matching: Liu et al. (2022), arXiv:2209.03003; Esser et al. (2024), arXiv:2403.03206.
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.batch_random import batch_integers, batch_normal
from sonoloop.diffusion.noise_schedule import per_item
from sonoloop.shapes import Latent, Timestep

PredictionType = Literal["epsilon", "v_prediction", "sample"]


def draw_timestep(
    batch_size: int, num_train_timesteps: int, generator: torch.Generator
) -> Timestep:
    """Draw t uniformly (Ho et al. 2020, Algorithm 1, line 3; LDDM, Section 2.2).

    Args:
        batch_size: Number of items.
        num_train_timesteps: Number of noise levels T.
        generator: Source of randomness; the result lies on its device.

    Returns:
        One step per item, 0 to T - 1.
    """
    return batch_integers(num_train_timesteps, (batch_size,), generator)


def draw_noise_level(
    batch_size: int, generator: torch.Generator, *, mean: float = 0.0, std: float = 1.0
) -> Float[Tensor, " {batch_size}"]:
    """Draw places on the path to noise, logit-normal (Esser et al. 2024, Eq. 19).

    Args:
        batch_size: Number of items.
        generator: Source of randomness; the result lies on its device.
        mean: Mean of logit(noise level); 0 is symmetric.
        std: Standard deviation of logit(noise level), above 0.

    Returns:
        One noise level per item, in (0, 1), float32.
    """
    normal = batch_normal((batch_size,), generator)
    return torch.sigmoid(mean + std * normal)


def velocity_target(latent: Latent, noise: Latent) -> Latent:
    """Direction of the straight path from latent to noise (Liu et al. 2022, Eq. 1).

    Args:
        latent: Clean latent z_0.
        noise: Standard normal.

    Returns:
        noise - z_0.
    """
    return noise - latent


def prediction_target(
    latent: Latent,
    noise: Latent,
    alpha_bar: Float[Tensor, " b"],
    prediction_type: PredictionType,
) -> Latent:
    """Pick what a DDPM denoiser should say.

    epsilon: the noise (Ho et al. 2020, Eq. 14). sample: z_0. v_prediction:
    sqrt(alpha_bar) * noise - sqrt(1 - alpha_bar) * z_0 (Salimans and Ho 2022, Section 4).

    Args:
        latent: Clean latent z_0.
        noise: The noise added to it.
        alpha_bar: Signal variance left at each item's step, in [0, 1].
        prediction_type: Which of the three.

    Returns:
        Target of the mean squared error.
    """
    if prediction_type == "epsilon":
        return noise
    if prediction_type == "sample":
        return latent
    signal = per_item(alpha_bar, latent)
    return signal.sqrt() * noise - (1 - signal).sqrt() * latent


def clean_latent(
    prediction: Latent,
    noisy_latent: Latent,
    alpha_bar: Float[Tensor, " b"],
    prediction_type: PredictionType,
) -> Latent:
    """Estimate z_0 from what the denoiser said.

    epsilon: (z_t - sqrt(1 - alpha_bar) * epsilon) / sqrt(alpha_bar) (Ho et al. 2020, Eq. 15).
    v_prediction: sqrt(alpha_bar) * z_t - sqrt(1 - alpha_bar) * v (Salimans and Ho 2022, App. D).

    Args:
        prediction: Output of the denoiser.
        noisy_latent: Its input z_t.
        alpha_bar: Signal variance left at each item's step, in (0, 1].
        prediction_type: What ``prediction`` means.

    Returns:
        Estimate of z_0.
    """
    if prediction_type == "sample":
        return prediction
    signal = per_item(alpha_bar, noisy_latent)
    if prediction_type == "epsilon":
        return (noisy_latent - (1 - signal).sqrt() * prediction) / signal.sqrt()
    return signal.sqrt() * noisy_latent - (1 - signal).sqrt() * prediction


def min_snr_weight(
    alpha_bar: Float[Tensor, " b"], prediction_type: PredictionType, gamma: float
) -> Float[Tensor, " b"]:
    """Weigh the loss by the capped signal-to-noise ratio (Hang et al. 2023, arXiv:2303.09556).

    min(SNR, gamma) on the error of z_0 (Eq. 9), which is min(SNR, gamma) / SNR on the error of
    epsilon and min(SNR, gamma) / (SNR + 1) on that of v, with SNR = alpha_bar / (1 - alpha_bar).

    Args:
        alpha_bar: Signal variance left at each item's step, in (0, 1).
        prediction_type: What the squared error is taken of.
        gamma: Cap, dimensionless, above 0; 5 in the paper.

    Returns:
        One weight per item.
    """
    snr = alpha_bar / (1 - alpha_bar)
    capped = snr.clamp(max=gamma)
    if prediction_type == "epsilon":
        return capped / snr
    if prediction_type == "v_prediction":
        return capped / (snr + 1)
    return capped


def weighted_squared_error(
    prediction: Latent, target: Latent, weight: Float[Tensor, " b"] | None = None
) -> Float[Tensor, ""]:
    """Average the squared error over items and numbers (Ho et al. 2020, Eq. 14).

    Args:
        prediction: Output of the denoiser.
        target: What it should have been.
        weight: One factor per item; None weighs evenly.

    Returns:
        The loss, in the dtype of ``target``.
    """
    error = (prediction.to(target.dtype) - target).square().flatten(1).mean(dim=1)  # (b,)
    return error.mean() if weight is None else (weight.to(error) * error).mean()
