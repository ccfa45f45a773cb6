"""The image autoencoder whose encoder the cINN's flow is told the first frame by."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.flow.image_decoder import ImageDecoder
from sonoloop.flow.image_encoder import ImageEncoder
from sonoloop.shapes import Frame


class RebuiltImage(NamedTuple):
    """What training needs of one pass.

    Args:
        image: Decoded images.
        mean: Mean of the posterior.
        logvar: Its log-variance.
        log_scale: Logarithm of the reconstruction error's scale, which is learnt.
    """

    image: Frame
    mean: Float[Tensor, "b k"]
    logvar: Float[Tensor, "b k"]
    log_scale: Float[Tensor, ""]


class ImageAutoencoder(nn.Module):
    """Encode single frames as vectors and decode them.

    Args:
        channels: Length of a vector.
        size: Height and width of a frame.
        decoder_width: Channels of the decoder at full size.
    """

    def __init__(self, channels: int, *, size: int, decoder_width: int) -> None:
        """Build encoder and decoder."""
        super().__init__()
        self.encoder = ImageEncoder(channels)
        self.decoder = ImageDecoder(channels, size=size, width=decoder_width)
        self.log_scale = nn.Parameter(torch.zeros(()))

    @property
    def last_layer(self) -> Tensor:
        """Weights at which the critic's gradient is compared with the other terms'."""
        return self.decoder.to_image.weight

    def forward(self, image: Frame, noise: Float[Tensor, "b k"]) -> RebuiltImage:
        """Encode, sample the posterior with ``noise``, decode.

        Args:
            image: Grey images in [-1, 1].
            noise: Standard normal, a vector each.
        """
        mean, logvar = self.encoder(image)
        vector = mean + torch.exp(0.5 * logvar) * noise
        return RebuiltImage(self.decoder(vector), mean, logvar, self.log_scale)


def image_losses(
    made: RebuiltImage, image: Frame, perceptual: Float[Tensor, ""] | None, *, kl_weight: float
) -> dict[str, Float[Tensor, ""]]:
    """Compute the named losses of a batch.

    loss = n (mean(|x - x'|) + LPIPS) / exp(s) + n s + w KL, n pixels an image, s the log-scale

    Args:
        made: What became of the images.
        image: The images.
        perceptual: Their mean LPIPS; None for none.
        kl_weight: Weight w of the divergence from N(0, 1), a sum over the vector.
    """
    pixels = image[0].numel()
    l1 = (made.image.float() - image).abs().mean()
    error = l1 if perceptual is None else l1 + perceptual
    scale = made.log_scale.float()
    kl = -0.5 * (1 + made.logvar - made.mean.square() - made.logvar.exp()).float().sum(1).mean()
    losses = {
        "loss": pixels * (error * torch.exp(-scale) + scale) + kl_weight * kl,
        "l1": l1,
        "kl": kl,
        "log_scale": scale,
    }
    return losses if perceptual is None else losses | {"perceptual": perceptual}
