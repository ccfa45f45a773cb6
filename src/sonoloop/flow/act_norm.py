"""Activation normalisation (Kingma and Dhariwal 2018, arXiv:1807.03039, Section 3.1)."""

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

SMALLEST_STD: Final = 1e-6
"""What varies less over the first data is constant and is only centred."""


class ActNorm(nn.Module):
    """y = exp(log_scale) * (x + shift), one of each per number of a vector.

    Args:
        size: Length of the vectors.
    """

    def __init__(self, size: int) -> None:
        """Start as the identity."""
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(size))
        self.log_scale = nn.Parameter(torch.zeros(size))

    @torch.no_grad()
    def standardise(self, values: Float[Tensor, "b n"]) -> None:
        """Set shift and scale so that these values come out with mean 0 and deviation 1.

        Args:
            values: First data; two or more vectors.
        """
        std, mean = torch.std_mean(values.double(), dim=0, correction=0)
        std = torch.where(std < SMALLEST_STD, torch.ones_like(std), std)
        self.shift.copy_(-mean)
        self.log_scale.copy_(-std.log())

    def forward(
        self, values: Float[Tensor, "b n"]
    ) -> tuple[Float[Tensor, "b n"], Float[Tensor, " b"]]:
        """Return the normalised values and the logarithm of the determinant."""
        log_determinant = self.log_scale.sum().expand(len(values))
        return (values + self.shift) * self.log_scale.exp(), log_determinant

    def inverse(self, values: Float[Tensor, "b n"]) -> Float[Tensor, "b n"]:
        """Undo ``forward``."""
        return values * (-self.log_scale).exp() - self.shift
