"""Classifier-free guidance (Ho and Salimans 2022, arXiv:2207.12598): away from not knowing."""

from collections.abc import Callable
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from sonoloop.diffusion.conditioning import Condition
from sonoloop.shapes import Latent

Denoiser = Callable[[Tensor, Tensor, Condition], Tensor]
"""(noisy latent, noise level, condition) -> prediction."""


class Guided(NamedTuple):
    """What the denoiser is told, and what it is told instead to be guided away from it."""

    condition: Condition
    """Everything that is known."""

    hidden: tuple[tuple[float, Condition], ...] = ()
    """For each thing of another weight than 1: its weight, and the condition without it."""

    def predict(
        self, denoiser: Denoiser, noisy_latent: Latent, noise_level: Float[Tensor, " b"]
    ) -> Latent:
        """Ask the denoiser, once more for each thing hidden (Ho and Salimans 2022, Eq. 6).

        prediction + sum_i (weight_i - 1) * (prediction - prediction without i)

        Args:
            denoiser: What was trained with conditions hidden at random.
            noisy_latent: Latent with noise.
            noise_level: One per item.
        """
        prediction = denoiser(noisy_latent, noise_level, self.condition)
        result = prediction
        for weight, condition in self.hidden:
            without = denoiser(noisy_latent, noise_level, condition)
            result = result + (weight - 1) * (prediction - without)
        return result.to(noisy_latent.dtype)
