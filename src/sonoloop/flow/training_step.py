"""One step of the flow as the training loop sees it."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.shapes import Frame, Latent


def flow_losses(
    model: nn.Module, latent: Latent, first_frame: Frame, generator: torch.Generator
) -> dict[str, Float[Tensor, ""]]:
    """Compute the named losses of a batch (Dorkenwald et al. 2021, arXiv:2105.04551).

    loss = mean(|noise|^2 / 2) - mean(log |det d noise / d latent|)

    This is the negative log-likelihood in nats but for the constant n / 2 log(2 pi).

    Args:
        model: ``ConditionalFlow``, bare or wrapped for several devices.
        latent: What stage 1 encodes from the clips.
        first_frame: First frame of each clip, in [-1, 1].
        generator: Source of what is random.

    Returns:
        ``loss``, and its two terms; ``half_squared_norm`` nears half the latent's numbers.
    """
    squared_norms, log_determinants = model(latent, first_frame, generator)
    half_squared_norm = 0.5 * squared_norms.mean()
    log_determinant = log_determinants.mean()
    return {
        "loss": half_squared_norm - log_determinant,
        "half_squared_norm": half_squared_norm,
        "log_determinant": log_determinant,
    }
