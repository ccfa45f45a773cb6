"""One training step of stage 1: from a clip to named losses."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.autoencoder.config import AutoencoderLossConfig
from sonoloop.autoencoder.losses import gradient_loss, kl_divergence, l1_loss, ssim
from sonoloop.shapes import Clip


def autoencoder_losses(
    model: nn.Module,
    clip: Clip,
    config: AutoencoderLossConfig,
    *,
    latent_shape: tuple[int, ...],
    generator: torch.Generator,
) -> dict[str, Float[Tensor, ""]]:
    """Reconstruct a batch and weigh what is wrong with it.

    Frame 0 is given, so the losses look at frames 1 to the last; gradients over time see frame 0.

    Args:
        model: A ``VideoAutoencoder``, perhaps wrapped for training.
        clip: True frames.
        config: Weight of each term.
        latent_shape: Shape of one latent of the model.
        generator: Source of the posterior's noise, on the CPU or on the clip's device.

    Returns:
        ``loss``, the weighted sum, and every term of positive weight by its name.
    """
    noise = torch.randn((len(clip), *latent_shape), generator=generator, device=generator.device)
    reconstruction = model(clip, noise.to(clip.device))
    made = reconstruction.clip.float()
    terms: dict[str, Tensor] = {}
    if config.l1:
        terms["l1"] = l1_loss(made[:, :, 1:], clip[:, :, 1:])
    if config.gradient:
        terms["gradient"] = gradient_loss(made, clip)
    if config.ssim:
        terms["ssim"] = 1 - ssim(made[:, :, 1:], clip[:, :, 1:])
    if config.kl:
        terms["kl"] = kl_divergence(reconstruction.mean, reconstruction.logvar)
    weighted = [getattr(config, name) * term for name, term in terms.items()]
    return {"loss": torch.stack(weighted).sum(), **terms}
