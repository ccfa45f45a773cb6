"""Scale and shift that standardise the first batch (Kingma and Dhariwal, arXiv:1807.03039)."""

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor, nn

from sonoloop.shapes import Frame

STD_FLOOR: Final = 1e-6


class ActNorm2d(nn.Module):
    """y = scale * (x + shift) per channel, set so that the first training batch has mean 0, std 1.

    Where several processes share a batch, ``gather`` must join what each of them sees.

    Args:
        channels: Channels of the features.
    """

    is_set: Tensor
    gather: Callable[[Tensor], Tensor] | None = None

    def __init__(self, channels: int) -> None:
        """Start as the identity until a batch is seen."""
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.scale = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.register_buffer("is_set", torch.tensor(data=False))

    def forward(self, features: Frame) -> Tensor:
        """Normalise, and learn how from the first batch."""
        if self.training and not self.is_set:
            with torch.no_grad():
                seen = features.float() if self.gather is None else self.gather(features.float())
                std, mean = torch.std_mean(seen, dim=(0, 2, 3), keepdim=True)
                self.shift.copy_(-mean)
                self.scale.copy_(1 / (std + STD_FLOOR))
                self.is_set.fill_(value=True)
        normalised: Tensor = self.scale * (features + self.shift)
        return normalised
