"""What fits the two sockets of synthesis."""

import pytest
import torch

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.flow.config import FlowConfig
from sonoloop.flow.model import ConditionalFlow
from sonoloop.synthesis.config import RandomLatentsConfig
from sonoloop.synthesis.random_latents import RandomTrainingLatents
from sonoloop.synthesis.stages import Decoder, LatentSampler, build_stage_2

FLOW = FlowConfig(num_blocks=1, hidden_width=4)
DIFFUSION = DiffusionConfig(width=16, depth=1, heads=2, condition_widths=(8, 8))


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        (FLOW, ConditionalFlow),
        (DIFFUSION, LatentDiffusion),
        (RandomLatentsConfig(num_latents=3), RandomTrainingLatents),
    ],
    ids=["flow", "diffusion", "control"],
)
def test_stage_2_is_built_from_its_settings(
    config: FlowConfig | DiffusionConfig | RandomLatentsConfig, kind: type[LatentSampler]
) -> None:
    """Any kind, for latents of the shape asked for; all draw latents."""
    sampler = build_stage_2(config, (4, 2, 2, 2))
    assert isinstance(sampler, kind)
    assert isinstance(sampler, LatentSampler)
    assert sampler.latent_shape == (4, 2, 2, 2)


def test_the_autoencoder_is_a_decoder() -> None:
    """It has the methods that synthesis calls; other modules have not."""
    config = AutoencoderConfig(size=32, encoder_widths=(4, 4, 4, 4), decoder_width=4)
    assert isinstance(VideoAutoencoder(config), Decoder)
    assert not isinstance(torch.nn.Identity(), Decoder | LatentSampler)
