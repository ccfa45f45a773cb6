"""The paper's decoder has AdaIN at every scale and paints within the pixel range."""

import torch

from sonoloop.autoencoder.adain_decoder import AdainDecoder
from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.first_frame import level_widths
from sonoloop.layers.adain import AdaptiveInstanceNorm3d


def test_adain_stands_at_all_four_scales() -> None:
    """One a block, from 1/8 of the resolution to all of it (LDDM, Section 2.1)."""
    decoder = AdainDecoder(AutoencoderConfig(decoder_width=4))
    assert sum(isinstance(m, AdaptiveInstanceNorm3d) for m in decoder.modules()) == 4


def test_pixels_stay_in_range() -> None:
    """Tanh bounds the output to [-1, 1]."""
    config = AutoencoderConfig(size=32, num_frames=8, decoder_width=4, latent_channels=3)
    decoder = AdainDecoder(config)
    pyramid = [torch.randn(1, w, 16 // 2**k, 16 // 2**k) for k, w in enumerate(level_widths(4))]
    clip = decoder(torch.rand(1, 1, 32, 32), pyramid, 100 * torch.randn(1, 3, 2, 2, 2))
    assert clip.shape == (1, 1, 8, 32, 32)
    assert clip.abs().max() <= 1
