"""A fixed random order, so that every number of a latent meets every other one."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class FixedPermutation(nn.Module):
    """Put the numbers of a vector into an order drawn once; the determinant is 1 or -1.

    The order is stored with the weights.

    Args:
        size: Length of the vectors.
    """

    order: Tensor

    def __init__(self, size: int) -> None:
        """Draw the order from torch's global generator."""
        super().__init__()
        self.register_buffer("order", torch.randperm(size))

    def forward(self, values: Float[Tensor, "b n"]) -> Float[Tensor, "b n"]:
        """Return the numbers in the new order."""
        return values[:, self.order]

    def inverse(self, values: Float[Tensor, "b n"]) -> Float[Tensor, "b n"]:
        """Undo ``forward``."""
        return values[:, torch.argsort(self.order)]
