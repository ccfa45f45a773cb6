"""Averaged weights: the exponential moving average that is evaluated and exported."""

from copy import deepcopy

import torch
from torch import Tensor, nn


class Ema:
    """A copy of a module whose weights follow it slowly.

    ema <- decay * ema + (1 - decay) * weight, with decay = min(ema_decay, (1 + n) / (10 + n)) at
    update n, so that the first average is not dominated by the random start (the warm-up of
    TensorFlow's ExponentialMovingAverage).

    Args:
        module: The module to follow, already on its device.
        ema_decay: Decay after the warm-up, in [0, 1).
    """

    def __init__(self, module: nn.Module, ema_decay: float) -> None:
        """Copy the module."""
        self.ema_model = deepcopy(module).eval().requires_grad_(requires_grad=False)
        self.ema_decay = ema_decay
        self.num_updates = 0

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move the average towards the module, in place.

        Args:
            module: The followed module after an optimiser step.
        """
        decay = min(self.ema_decay, (1 + self.num_updates) / (10 + self.num_updates))
        self.num_updates += 1
        averages: list[Tensor] = list(self.ema_model.parameters())
        weights: list[Tensor] = list(module.parameters())
        torch._foreach_lerp_(averages, weights, 1 - decay)  # one kernel for all
        for average, buffer in zip(self.ema_model.buffers(), module.buffers(), strict=True):
            average.copy_(buffer)
