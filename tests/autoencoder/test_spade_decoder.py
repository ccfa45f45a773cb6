"""The cINN's decoder has the published size and paints within the pixel range."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize
from torch.utils.flop_counter import FlopCounterMode

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.spade_decoder import FirstFrameMaps, SpadeBlock, SpadeDecoder

SMALL = AutoencoderConfig(
    size=32, latent="vector", latent_channels=5, decoder="spade", decoder_width=4
)


@pytest.mark.parametrize(
    ("size", "width", "weights", "gflops"),
    [(128, 32, 40_868_003, 137.4), (64, 64, 152_786_243, 384.8)],
)
def test_size_and_cost_are_the_published_ones(
    size: int, width: int, weights: int, gflops: float
) -> None:
    """Counted on the authors' module, the first frame's maps included; one clip."""
    config = AutoencoderConfig(
        size=size,
        in_channels=3,
        latent="vector",
        latent_channels=64,
        decoder="spade",
        decoder_width=width,
    )
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        look, decoder = FirstFrameMaps(config), SpadeDecoder(config)
        still = torch.zeros(1, 3, size, size)
        clip = decoder(still, look(still), torch.zeros(1, 64))
    assert clip.shape == (1, 3, 16, size, size)
    assert sum(p.numel() for part in (look, decoder) for p in part.parameters()) == weights
    assert round(counter.get_total_flops() / 1e9, 1) == gflops


def test_pixels_stay_in_range_and_follow_latent_and_still() -> None:
    """Tanh bounds the output; SPADE shows the still, AdaIN the latent."""
    torch.manual_seed(0)
    look, decoder = FirstFrameMaps(SMALL), SpadeDecoder(SMALL)
    for maps in look.modules():
        if isinstance(maps, nn.Conv2d):  # as if trained: at the start the still does little
            nn.init.normal_(maps.weight, std=0.1)
    stills, latents = torch.rand(2, 1, 32, 32), 3 * torch.randn(2, 5)
    clips = {
        (still, latent): decoder(
            stills[still : still + 1], look(stills[still : still + 1]), latents[latent : latent + 1]
        )
        for still in range(2)
        for latent in range(2)
    }
    assert clips[0, 0].shape == (1, 1, 16, 32, 32)
    assert max(clip.abs().max() for clip in clips.values()) <= 1
    assert (clips[0, 0] - clips[1, 0]).abs().max() > 1e-3
    assert (clips[0, 0] - clips[0, 1]).abs().max() > 1e-3


def test_convolutions_of_the_blocks_have_spectral_norm() -> None:
    """All three of a block, largest singular value 1 once the power iteration has settled."""
    torch.manual_seed(0)
    block = SpadeBlock(8, 4, latent_channels=3)
    convolutions = [module for module in block.modules() if isinstance(module, nn.Conv3d)]
    assert len(convolutions) == 3
    for convolution in convolutions:
        assert parametrize.is_parametrized(convolution, "weight")
        for _ in range(50):
            kernel = convolution.weight
        largest = torch.linalg.matrix_norm(kernel.flatten(1), ord=2)
        assert largest.item() == pytest.approx(1.0, abs=1e-2)
