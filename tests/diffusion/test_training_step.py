"""Stage 2 learns: a small world where the answer is known."""

import pytest
import torch
from torch import Tensor

from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.diffusion.training_step import diffusion_losses

SMALL = {
    "width": 32,
    "depth": 1,
    "sampler": "heun",
    "heads": 2,
    "vector_tokens": 2,
    "condition_widths": (8, 16),
    "dropout": 0.0,
    "condition_noise": 0.0,
    "condition_dropout": 0.0,
}


def draw_world(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw latents given the brightness of the first frame.

    The first number is Gaussian with mean 10 + 4 brightness and standard deviation 1; the second
    is an even mixture of two Gaussians at -5 +- 2 with standard deviation 0.5.
    """
    brightness = 2 * torch.rand(count, generator=generator) - 1
    sign = 2.0 * torch.randint(2, (count,), generator=generator) - 1
    middle = torch.stack([10 + 4 * brightness, -5 + 2 * sign], dim=1)
    spread = torch.tensor([1.0, 0.5])
    latent = middle + spread * torch.randn(count, 2, generator=generator)
    return latent, brightness.reshape(-1, 1, 1, 1).repeat(1, 1, 8, 8)


def test_samples_follow_the_first_frame() -> None:
    """After seconds of training, mean, spread and both modes are those of the world."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    model = LatentDiffusion(DiffusionConfig.model_validate(SMALL), (2,))
    model.set_latent_statistics(draw_world(5000, generator)[0])
    steps = 150
    optimizer = torch.optim.Adam(model.parameters())
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=steps)
    for _ in range(steps):
        losses = diffusion_losses(model, *draw_world(256, generator), generator)
        optimizer.zero_grad()
        losses["loss"].backward()
        optimizer.step()
        rate.step()
    for brightness in (-0.6, 0.6):
        latent = model.sample(
            torch.full((600, 1, 8, 8), brightness),
            generators=[torch.Generator().manual_seed(i) for i in range(600)],
            num_inference_steps=20,
        )
        followed, mixed = latent.unbind(dim=1)
        assert followed.mean().item() == pytest.approx(10 + 4 * brightness, abs=0.4)
        assert followed.std().item() == pytest.approx(1, rel=0.2)
        assert (mixed > -5).float().mean().item() == pytest.approx(0.5, abs=0.12)
        assert mixed[mixed > -5].mean().item() == pytest.approx(-3, abs=0.3)
        assert mixed[mixed < -5].std().item() == pytest.approx(0.5, abs=0.25)
