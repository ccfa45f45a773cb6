"""One step of stage 1 weighs its terms and learns."""

import pytest
import torch

from sonoloop.autoencoder.config import AutoencoderConfig, AutoencoderLossConfig, CriticConfig
from sonoloop.autoencoder.critics import build_critics
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.autoencoder.training_step import AutoencoderStep

CONFIG = AutoencoderConfig(size=32, num_frames=8, encoder_widths=(4, 8, 8, 8), decoder_width=8)


def losses(
    model: VideoAutoencoder, clip: torch.Tensor, config: AutoencoderLossConfig, seed: int = 0
) -> dict[str, torch.Tensor]:
    """Call the step with a fresh generator."""
    step = AutoencoderStep(model.config, model.latent_shape, config, CriticConfig())
    return step.held_out(model, clip, torch.Generator().manual_seed(seed))


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


ADVERSARIAL = AutoencoderLossConfig(
    patch_adversarial=0.1, temporal_adversarial=0.1, feature_matching=1.0, r1=1.0
)
SPECKLE = CONFIG.model_copy(update={"speckle": 0.9})


def adversarial_parts() -> tuple[AutoencoderStep, dict[str, torch.nn.Module]]:
    """Return a step and small modules, model and both critics."""
    config = CriticConfig(patch_width=4, temporal_widths=(4, 4, 4, 4), temporal_frames=8)
    model = VideoAutoencoder(SPECKLE)
    critics = build_critics(config, in_channels=1, patch=True, temporal=True)
    step = AutoencoderStep(SPECKLE, model.latent_shape, ADVERSARIAL, config)
    return step, {"autoencoder": model, **critics}


def test_critics_learn_before_the_model_asks_them() -> None:
    """Each learner's losses in turn; the model's hold what each critic says of it."""
    step, modules = adversarial_parts()
    clip = torch.rand(2, 1, 8, 32, 32) * 2 - 1
    generator = torch.Generator().manual_seed(0)
    found = dict(step(modules, clip, generator))
    assert list(found) == ["patch_critic", "temporal_critic", "autoencoder"]
    assert found["patch_critic"].keys() == {"loss", "true", "made"}
    assert found["temporal_critic"].keys() == {"loss", "r1", "true", "made"}
    named = found["autoencoder"]
    assert {"patch_adversarial", "temporal_adversarial", "feature_matching"} < named.keys()
    before = dict(step(modules, clip, generator, critics_join=False))
    assert before.keys() == {"autoencoder"}
    assert "patch_adversarial" not in before["autoencoder"]


def test_a_critic_does_not_train_the_model() -> None:
    """A critic's loss leaves no gradient in the autoencoder; the model's own does."""
    step, modules = adversarial_parts()
    clip = torch.rand(2, 1, 8, 32, 32) * 2 - 1
    for name, named in step(modules, clip, torch.Generator().manual_seed(0)):
        named["loss"].backward(retain_graph=True)
        touched = any(p.grad is not None for p in modules["autoencoder"].parameters())
        assert touched == (name == "autoencoder")


def test_a_perceptual_loss_needs_its_net() -> None:
    """Told when the step is built; with one its value is a term."""
    config = AutoencoderLossConfig(l1=0, gradient=0, ssim=0, kl=0, perceptual=2.0)
    model = VideoAutoencoder(CONFIG)
    with pytest.raises(ValueError, match="needs its net"):
        AutoencoderStep(CONFIG, model.latent_shape, config, CriticConfig())

    def brightness(images: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        return (images - others).mean(dim=(1, 2, 3)) + 0.25

    step = AutoencoderStep(CONFIG, model.latent_shape, config, CriticConfig(), brightness)
    still = torch.rand(1, 1, 1, 32, 32).expand(2, 1, 8, 32, 32)
    named = step.held_out(model, still, torch.Generator().manual_seed(0))
    torch.testing.assert_close(named["perceptual"], torch.tensor(0.25))
    torch.testing.assert_close(named["loss"], torch.tensor(0.5))
