"""The two stages as synthesis needs them: whatever has these methods fits."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.flow.config import FlowConfig
from sonoloop.flow.model import ConditionalFlow
from sonoloop.shapes import Clip, Flow, Frame, Latent
from sonoloop.synthesis.config import RandomLatentsConfig
from sonoloop.synthesis.random_latents import RandomTrainingLatents


@runtime_checkable
class Decoder(Protocol):
    """Stage 1, as synthesis needs it."""

    def first_frame_features(self, first_frame: Frame) -> list[Tensor]:
        """Compute what does not depend on the latent."""
        ...

    def draw_speckle_noise(
        self, generators: Sequence[torch.Generator], num_frames: int | None = None
    ) -> Clip | None:
        """Draw the noise that new speckle is made of, one generator per item."""
        ...

    def decode(
        self,
        first_frame: Frame,
        latent: Latent,
        features: list[Tensor] | None = None,
        speckle_noise: Clip | None = None,
        motion_share: Float[Tensor, " t"] | None = None,
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


def build_stage_2(
    config: DiffusionConfig | FlowConfig | RandomLatentsConfig, latent_shape: tuple[int, ...]
) -> LatentDiffusion | ConditionalFlow | RandomTrainingLatents:
    """Build the stage 2 that settings ask for, its weights still random.

    Args:
        config: Of any kind.
        latent_shape: Shape of one latent, channels first.
    """
    if isinstance(config, RandomLatentsConfig):
        return RandomTrainingLatents(config.num_latents, latent_shape)
    if isinstance(config, FlowConfig):
        return ConditionalFlow(config, latent_shape)
    return LatentDiffusion(config, latent_shape)
