"""One step of stage 1 weighs its terms and learns."""

import pytest
import torch

from sonoloop.autoencoder.config import AutoencoderConfig, AutoencoderLossConfig
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.autoencoder.training_step import autoencoder_losses

CONFIG = AutoencoderConfig(size=32, num_frames=8, encoder_widths=(4, 8, 8, 8), decoder_width=8)


def losses(
    model: VideoAutoencoder, clip: torch.Tensor, config: AutoencoderLossConfig, seed: int = 0
) -> dict[str, torch.Tensor]:
    """Call the step with a fresh generator."""
    return autoencoder_losses(
        model,
        clip,
        config,
        latent_shape=model.latent_shape,
        generator=torch.Generator().manual_seed(seed),
    )


def test_the_loss_is_the_weighted_sum_of_its_terms() -> None:
    """Terms of weight zero are left out, the others add up."""
    model = VideoAutoencoder(CONFIG)
    clip = torch.rand(2, 1, 8, 32, 32)
    named = losses(model, clip, AutoencoderLossConfig(l1=2, gradient=0, ssim=3, kl=0.5))
    assert set(named) == {"loss", "l1", "ssim", "kl"}
    torch.testing.assert_close(
        named["loss"], 2 * named["l1"] + 3 * named["ssim"] + 0.5 * named["kl"]
    )


def test_the_generator_alone_decides_the_noise() -> None:
    """Equal seeds give equal losses."""
    model = VideoAutoencoder(CONFIG)
    torch.nn.init.normal_(model.decoder.flow_head.weight)
    clip = torch.rand(1, 1, 8, 32, 32)
    config = AutoencoderLossConfig()
    assert losses(model, clip, config)["loss"] == losses(model, clip, config)["loss"]
    assert losses(model, clip, config)["loss"] != losses(model, clip, config, seed=1)["loss"]


@pytest.mark.parametrize("decoder", ["warp", "adain"])
def test_a_moving_pattern_is_learned(decoder: str) -> None:
    """A few steps on one drifting pattern beat repeating the still (warp) or halve the loss."""
    torch.manual_seed(0)
    model = VideoAutoencoder(
        AutoencoderConfig.model_validate({**CONFIG.model_dump(), "decoder": decoder})
    )
    x = torch.arange(32) / 32 * 6.28
    clip = torch.stack([torch.sin(2 * x + 0.2 * t).expand(32, 32) for t in range(8)])[None, None]
    config = AutoencoderLossConfig(kl=0)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    history = []
    for _ in range(40):
        named = losses(model, clip, config)
        optimizer.zero_grad()
        named["loss"].backward()
        optimizer.step()
        history.append(named["loss"].item())
    assert min(history[-5:]) < 0.5 * history[0]
