"""Affine coupling (Dinh et al. 2016, arXiv:1605.08803, Eqs. 7 and 8), given a condition."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

HIDDEN_SLOPE = 0.01
"""Of the leaky rectifiers inside the networks."""


class DoubleCoupling(nn.Module):
    """Each half of a vector is scaled and shifted by what the other half and the condition say.

    y_2 = x_2 exp(s_1(x_1, c)) + t_1(x_1, c), then y_1 = x_1 exp(s_2(y_2, c)) + t_2(y_2, c)

    Args:
        size: Length of the vectors, at least 2; of an odd one the first half is the longer.
        condition_channels: Length of the condition.
        hidden_width: Width of the networks s and t.
        hidden_depth: Their layers between the first and the last.
        log_scale_limit: Bound of s, approached smoothly: limit * tanh(s / limit); None for none.
    """

    def __init__(
        self,
        size: int,
        *,
        condition_channels: int,
        hidden_width: int,
        hidden_depth: int,
        log_scale_limit: float | None,
    ) -> None:
        """Build four networks: a scale and a shift for each half."""
        super().__init__()
        self.log_scale_limit = log_scale_limit
        second = size // 2
        self.sizes = (size - second, second)
        # Halves and networks in the order of use: the first half speaks of the second, then back.
        ways = (self.sizes, self.sizes[::-1])
        self.log_scales, self.shifts = (
            nn.ModuleList(
                _network(told + condition_channels, changed, hidden_width, hidden_depth)
                for told, changed in ways
            )
            for _ in range(2)
        )

    def forward(
        self, values: Float[Tensor, "b n"], condition: Float[Tensor, "b k"]
    ) -> tuple[Float[Tensor, "b n"], Float[Tensor, " b"]]:
        """Return the coupled values, halves swapped, and the logarithm of the determinant."""
        told, changed = torch.split(values, list(self.sizes), dim=1)
        log_determinant = values.new_zeros(len(values))
        for log_scale_net, shift_net in zip(self.log_scales, self.shifts, strict=True):
            seen = torch.cat([told, condition], dim=1)
            log_scale = self._bounded(log_scale_net(seen))
            told, changed = changed * log_scale.exp() + shift_net(seen), told
            log_determinant = log_determinant + log_scale.sum(dim=1)
        # Twice swapped: told is the first half again.
        return torch.cat([changed, told], dim=1), log_determinant

    def inverse(
        self, values: Float[Tensor, "b n"], condition: Float[Tensor, "b k"]
    ) -> Float[Tensor, "b n"]:
        """Undo ``forward``."""
        changed, told = torch.split(values, list(self.sizes[::-1]), dim=1)
        for log_scale_net, shift_net in zip(
            reversed(self.log_scales), reversed(self.shifts), strict=True
        ):
            told, changed = changed, told
            seen = torch.cat([told, condition], dim=1)
            log_scale = self._bounded(log_scale_net(seen))
            changed = (changed - shift_net(seen)) * (-log_scale).exp()
        return torch.cat([told, changed], dim=1)

    def _bounded(self, log_scale: Tensor) -> Tensor:
        limit = self.log_scale_limit
        return log_scale if limit is None else limit * torch.tanh(log_scale / limit)


def _network(in_width: int, out_width: int, hidden_width: int, depth: int) -> nn.Sequential:
    widths = [in_width, *[hidden_width] * (depth + 1)]
    hidden = [
        layer
        for pair in pairwise(widths)
        for layer in (nn.Linear(*pair), nn.LeakyReLU(HIDDEN_SLOPE))
    ]
    return nn.Sequential(*hidden, nn.Linear(hidden_width, out_width))
