"""The decoders' block and stem."""

import pytest
import torch

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.decoder_block import DecoderBlock, LatentStem


def test_a_block_follows_the_first_frame_and_the_latent() -> None:
    """It upsamples, and both inputs change the result."""
    block = DecoderBlock(6, 4, frame_channels=3, latent_channels=2, upsample=(2, 2, 2))
    features, look = torch.randn(1, 6, 2, 4, 4), torch.randn(1, 3, 8, 8)
    latent = torch.randn(1, 2, 2, 2, 2)
    out = block(features, look, latent)
    assert out.shape == (1, 4, 4, 8, 8)
    assert (block(features, look + 1, latent) - out).abs().max() > 1e-3
    assert (block(features, look, latent + 1) - out).abs().max() > 1e-3


@pytest.mark.parametrize(("latent", "shape"), [("grid", (2, 5, 4, 4, 4)), ("vector", (2, 5))])
def test_the_stem_spans_the_grid(latent: str, shape: tuple[int, ...]) -> None:
    """Grid and vector both become (t / 4, h / 16, w / 16) cells."""
    config = AutoencoderConfig.model_validate({"size": 64, "latent": latent, "latent_channels": 5})
    assert LatentStem(config, 12)(torch.randn(shape)).shape == (2, 12, 4, 4, 4)
