"""One step of stage 2 as the training loop sees it."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.diffusion.control import Control
from sonoloop.shapes import Frame, Latent


def diffusion_losses(
    model: nn.Module,
    latent: Latent,
    first_frame: Frame,
    generator: torch.Generator,
    control: Control | None = None,
) -> dict[str, Float[Tensor, ""]]:
    """Compute the named losses of a batch.

    Args:
        model: ``LatentDiffusion``, bare or wrapped for several devices.
        latent: What stage 1 encodes from the clips.
        first_frame: First frame of each clip, in [-1, 1].
        generator: Source of noise and noise levels.
        control: Label and motion of each clip; None where nothing is known.

    Returns:
        ``loss``, the one number to minimise.
    """
    return {"loss": model(latent, first_frame, generator, control)}
