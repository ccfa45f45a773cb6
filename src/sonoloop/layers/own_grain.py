"""Noise with the grain of a picture: the picture's power spectrum, the noise's phases.

Random phase noise (Galerne, Gousseau and Morel 2011, doi:10.1109/TIP.2010.2052822): what has no
structure, such as speckle, looks as before, and what has is dissolved. The grain is that of the
scanner that made the picture, which no trained filter knows.
"""

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.shapes import Frame

SMALLEST_NORM: Final = 1e-6
"""Of a texture: a flat picture has no grain, and gives no noise."""


def noise_with_grain_of(
    texture: Frame, noise: Float[Tensor, "b c t h w"]
) -> Float[Tensor, "b c t h w"]:
    """Return noise of mean 0 and variance 1, the same everywhere, with the grain of a texture.

    Args:
        texture: Pictures whose mean is about 0 everywhere.
        noise: Standard normal; its frames are filtered alike.
    """
    height, width = texture.shape[2:]
    spectrum = torch.fft.rfft2(texture.float()).abs()
    norm = texture.float().square().sum(dim=(2, 3), keepdim=True).sqrt()
    grain = (spectrum / norm.clamp_min(SMALLEST_NORM)).unsqueeze(2)
    filtered: Tensor = torch.fft.irfft2(torch.fft.rfft2(noise.float()) * grain, s=(height, width))
    return filtered
