"""Stage 1 that asks before every window whether anyone still waits for it."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.shapes import Clip, Flow, Frame, Latent
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.stages import Decoder


class StoppableDecoder:
    """Stage 1 as it was, with a question before each window of a clip.

    Args:
        decoder: Does the work.
        ask: Raises to stop it.
    """

    def __init__(self, decoder: Decoder, ask: Callable[[], None]) -> None:
        """Wrap a stage 1."""
        self.decoder = decoder
        self.ask = ask

    def first_frame_features(self, first_frame: Frame) -> list[Tensor]:
        """Compute what does not depend on the latent."""
        self.ask()
        return self.decoder.first_frame_features(first_frame)

    def draw_speckle_noise(
        self, generators: Sequence[torch.Generator], num_frames: int | None = None
    ) -> Clip | None:
        """Draw the noise that new speckle is made of, one generator per item."""
        return self.decoder.draw_speckle_noise(generators, num_frames)

    def decode(
        self,
        first_frame: Frame,
        latent: Latent,
        features: list[Tensor] | None = None,
        speckle_noise: Clip | None = None,
        motion_share: Float[Tensor, " t"] | None = None,
    ) -> tuple[Clip, Flow | None]:
        """Turn a first frame and a latent into a clip and its flow."""
        self.ask()
        return self.decoder.decode(first_frame, latent, features, speckle_noise, motion_share)


def stoppable(model: ImageToVideo, ask: Callable[[], None]) -> ImageToVideo:
    """Give a model that makes the same loops and can be stopped between windows.

    Args:
        model: Makes the loops; its weights are shared.
        ask: Called before each window; raises to stop.
    """
    return ImageToVideo(
        StoppableDecoder(model.autoencoder, ask),
        model.sampler,
        model.config,
        typicality=model.typicality,
        device=model.device,
    )
