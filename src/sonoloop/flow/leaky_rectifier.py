"""An invertible non-linearity: the leaky rectifier (Dorkenwald et al. 2021, arXiv:2105.04551).

The authors' code counts its log-determinant as 0. It is the number of negative entries times the
logarithm of the slope; without it the loss is not the likelihood.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn


class InvertibleLeakyReLU(nn.Module):
    """y = x where x is at least 0, y = slope * x below.

    Args:
        negative_slope: In (0, 1].
    """

    def __init__(self, negative_slope: float) -> None:
        """Keep the slope."""
        super().__init__()
        self.negative_slope = negative_slope

    def forward(
        self, values: Float[Tensor, "b n"]
    ) -> tuple[Float[Tensor, "b n"], Float[Tensor, " b"]]:
        """Return the rectified values and the logarithm of the determinant."""
        negative = values < 0
        log_determinant = negative.sum(dim=1).to(values) * math.log(self.negative_slope)
        return torch.where(negative, self.negative_slope * values, values), log_determinant

    def inverse(self, values: Float[Tensor, "b n"]) -> Float[Tensor, "b n"]:
        """Undo ``forward``, which keeps signs."""
        return torch.where(values < 0, values / self.negative_slope, values)
