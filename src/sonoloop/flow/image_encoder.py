"""What the cINN's flow knows of the first frame: a ResNet-50's posterior mean, trained beforehand.

The encoder of an image autoencoder (``image_autoencoder``), from which the flow takes the mean and
leaves the weights as they are (Dorkenwald et al. 2021, arXiv:2105.04551, and its supplement).
"""

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.layers.resnet50 import FEATURES, ResNet50
from sonoloop.shapes import Frame

IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_STD: Final = (0.229, 0.224, 0.225)
"""Of RGB in [0, 1]: what a ResNet-50 expects."""
LOGVAR_RANGE: Final = (-30.0, 10.0)
"""Bounds of the log-variance (the cINN's)."""
SMALLEST_SCALE: Final = 1e-3
"""Deviation below which a number says nothing."""


class ImageEncoder(nn.Module):
    """Describe an image by a Gaussian: ResNet-50, averaged over places, one linear layer.

    Args:
        channels: Length of the mean, and of the log-variance.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, channels: int) -> None:
        """Build the network, its weights random."""
        super().__init__()
        self.network = ResNet50(num_classes=None)
        self.to_posterior = nn.Linear(FEATURES, 2 * channels)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD)[:, None, None], persistent=False)

    def forward(self, image: Frame) -> tuple[Float[Tensor, "b k"], Float[Tensor, "b k"]]:
        """Return mean and log-variance.

        Args:
            image: Grey images in [-1, 1].
        """
        colours = ((image + 1) / 2 - self.mean) / self.std  # (b, 3, h, w)
        mean, logvar = self.to_posterior(self.network.features(colours)).chunk(2, dim=1)
        return mean, logvar.clamp(*LOGVAR_RANGE)


class FrozenConditioner(nn.Module):
    """The mean that a trained image encoder gives, standardised; it does not learn.

    The small weight of the divergence leaves the means at any scale; the flow's networks expect
    numbers around 1 (ours).

    Args:
        channels: Length of the vector.
    """

    offset: Tensor
    scale: Tensor

    def __init__(self, channels: int) -> None:
        """Build the encoder; its weights are to be loaded."""
        super().__init__()
        self.register_buffer("offset", torch.zeros(channels))
        self.register_buffer("scale", torch.ones(channels))
        self.encoder = ImageEncoder(channels).requires_grad_(requires_grad=False).eval()

    def train(self, mode: bool = True) -> "FrozenConditioner":  # noqa: FBT001, FBT002 - torch's
        """Stay in evaluation mode: the statistics of its batch norms are trained, too."""
        del mode
        return super().train(mode=False)

    def forward(self, first_frame: Frame) -> Float[Tensor, "b k"]:
        """Describe the first frame.

        Args:
            first_frame: Grey images in [-1, 1].
        """
        with torch.no_grad():
            mean: Tensor = self.encoder(first_frame)[0]
        return (mean - self.offset) / self.scale

    @torch.no_grad()
    def standardise(self, first_frame: Frame) -> None:
        """Let the vectors of these images have mean 0 and deviation 1.

        Args:
            first_frame: Grey images in [-1, 1], at least 2.
        """
        mean = self.encoder(first_frame)[0]
        self.offset.copy_(mean.mean(dim=0))
        self.scale.copy_(mean.std(dim=0).clamp_min(SMALLEST_SCALE))
