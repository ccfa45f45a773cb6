"""What a loop should be like besides its first frame: its class, and how much it moves."""

from typing import Final, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from sonoloop.batch_random import batch_uniform
from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.errors import UsageError
from sonoloop.layers.embeddings import NoiseLevelEmbedding
from sonoloop.shapes import Clip

UNTOLD: Final = -1
"""Label or motion of an item that is not told."""
MOTION_RESOLUTION: Final = 10.0
"""Few and long waves: the motion's effect is to grow smoothly from one clip to the next."""
NUM_QUANTILES: Final = 101
"""Energies kept of the training clips: their 0th to 100th percentile."""


class Control(NamedTuple):
    """What stage 2 is told of each item; ``UNTOLD`` where it is not."""

    label: Int[Tensor, " b"]
    """Place of the label among ``DiffusionConfig.labels``."""

    motion: Float[Tensor, " b"]
    """Share of the training clips that move less, 0 to 1."""

    def to(self, device: torch.device) -> "Control":
        """Move to a device."""
        return Control(self.label.to(device), self.motion.to(device))

    def dropped(self, chance: float, generator: torch.Generator) -> "Control":
        """Hide label and motion at random, each on its own (Ho and Salimans 2022, Algorithm 1).

        Args:
            chance: Of hiding, in [0, 1).
            generator: Source of randomness.
        """
        draws = batch_uniform((len(self.label), 2), generator)
        hidden = (draws < chance).to(self.label.device)
        return Control(
            self.label.masked_fill(hidden[:, 0], UNTOLD),
            self.motion.masked_fill(hidden[:, 1], UNTOLD),
        )


class ControlEncoder(nn.Module):
    """Label and motion in one vector; what is not told adds nothing to it.

    Args:
        num_labels: Labels there are; 0 for a model that knows none.
        motion: Whether the model knows motion.
        width: Length of the vector.
    """

    def __init__(self, *, num_labels: int, motion: bool, width: int) -> None:
        """Build one embedding for each."""
        super().__init__()
        self.width = width
        self.label = nn.Embedding(num_labels, width) if num_labels else None
        self.motion = NoiseLevelEmbedding(width, resolution=MOTION_RESOLUTION) if motion else None

    def silence(self) -> None:
        """Let it add nothing until it has learnt: for a model that knew no control before."""
        if self.label is not None:
            nn.init.zeros_(self.label.weight)
        if self.motion is not None:
            nn.init.zeros_(self.motion.second.weight)
            nn.init.zeros_(self.motion.second.bias)

    def forward(self, control: Control) -> Float[Tensor, "b width"]:
        """Embed what is told."""
        label, motion = control
        vector = torch.zeros(len(label), self.width, device=label.device)
        if self.label is not None:
            vector = vector + self.label(label.clamp(min=0)) * (label >= 0)[:, None]
        if self.motion is not None:
            vector = vector + self.motion(motion.clamp(min=0)) * (motion >= 0)[:, None]
        return vector


def temporal_energy(clip: Clip) -> Float[Tensor, " b"]:
    """Measure how much a clip moves: mean |v[t + 1] - v[t]|, pixels in [-1, 1]."""
    return clip.float().diff(dim=2).abs().flatten(1).mean(dim=1)


def energy_quantiles(energies: Float[Tensor, " n"]) -> Float[Tensor, " q"]:
    """Return the 0th to 100th percentile of the training clips' temporal energies."""
    levels = torch.linspace(0, 1, NUM_QUANTILES, device=energies.device)
    return torch.quantile(energies.float(), levels)


def motion_strength(
    energies: Float[Tensor, " b"], quantiles: Float[Tensor, " q"]
) -> Float[Tensor, " b"]:
    """Tell what share of the training clips moves less, linear between the percentiles.

    Args:
        energies: Temporal energies of clips.
        quantiles: As :func:`energy_quantiles` gives them.

    Returns:
        Shares, 0 to 1; the middle where several percentiles are equal.
    """
    energies = energies.to(quantiles)
    shares = []
    for right in (False, True):
        above = torch.searchsorted(quantiles, energies, right=right).clamp(1, len(quantiles) - 1)
        low, high = quantiles[above - 1], quantiles[above]
        part = ((energies - low) / (high - low).clamp(min=1e-12)).clamp(0, 1)
        shares.append((above - 1 + part) / (len(quantiles) - 1))
    return (shares[0] + shares[1]) / 2


def asked_control(
    config: DiffusionConfig, count: int, *, label: str | None, motion: float | None
) -> Control | None:
    """Put what a user asks for into numbers, the same for every item.

    Args:
        config: Of the model that is asked.
        count: Number of items.
        label: One of ``config.labels``; None for any.
        motion: Share of the training clips that move less, 0 to 1; None for any.

    Returns:
        The control; None if nothing was asked for.

    Raises:
        UsageError: If the model was trained without it, does not know the label, or motion is
            outside [0, 1].
    """
    if label is None and motion is None:
        return None
    if label is not None and not config.labels:
        msg = f"label {label!r}: this model was trained without labels; leave it out, or train one "
        raise UsageError(msg + "with 'sonoloop train diffusion --control'")
    if label is not None and label not in config.labels:
        msg = f"label {label!r} is unknown to this model: it knows {', '.join(config.labels)}"
        raise UsageError(msg)
    if motion is not None and not config.motion:
        msg = f"motion {motion:g}: this model was trained without motion strength; leave it out, "
        raise UsageError(msg + "or train one with 'sonoloop train diffusion --control'")
    if motion is not None and not 0 <= motion <= 1:
        msg = (
            f"motion {motion:g} is outside 0 to 1: it is the share of training clips that move less"
        )
        raise UsageError(msg)
    number = UNTOLD if label is None else config.labels.index(label)
    return Control(
        torch.full((count,), number),
        torch.full((count,), float(UNTOLD if motion is None else motion)),
    )
