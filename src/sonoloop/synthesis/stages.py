"""The two stages as synthesis needs them: whatever has these methods fits."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from sonoloop.shapes import Clip, Flow, Frame, Latent


@runtime_checkable
class Decoder(Protocol):
    """Stage 1, as synthesis needs it."""

    def first_frame_features(self, first_frame: Frame) -> list[Tensor]:
        """Compute what does not depend on the latent."""
        ...

    def decode(
        self, first_frame: Frame, latent: Latent, features: list[Tensor] | None = None
    ) -> tuple[Clip, Flow | None]:
        """Turn a first frame and a latent into a clip and its flow."""
        ...


@runtime_checkable
class LatentSampler(Protocol):
    """Stage 2: anything that draws latents for first frames, one generator per item."""

    def sample(
        self,
        first_frame: Frame,
        *,
        generators: Sequence[torch.Generator],
        num_inference_steps: int | None = None,
    ) -> Latent:
        """Draw one latent per first frame."""
        ...
