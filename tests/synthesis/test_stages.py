"""What fits the two sockets of synthesis."""

import torch

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.synthesis.stages import Decoder, LatentSampler


def test_both_stages_fit() -> None:
    """The stages of this package have the methods; others do not."""
    config = AutoencoderConfig(size=64, encoder_widths=(8, 8, 8, 8), decoder_width=4)
    autoencoder = VideoAutoencoder(config)
    diffusion = LatentDiffusion(DiffusionConfig(width=16, depth=1), autoencoder.latent_shape)
    assert isinstance(autoencoder, Decoder)
    assert isinstance(diffusion, LatentSampler)
    assert not isinstance(torch.nn.Identity(), Decoder | LatentSampler)
