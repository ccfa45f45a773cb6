"""Stage 2 as one module: loss, sampling, and that it learns."""

import math

import pytest
import torch

from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.errors import UsageError

GRID = (4, 2, 2, 2)
SMALL = {
    "width": 32,
    "depth": 2,
    "heads": 2,
    "condition_widths": (4, 8),
    "condition_channels": 4,
    "num_inference_steps": 4,
}
DDPM_SAMPLERS = ["ddpm", "ddim", "dpm_solver_pp_2m"]


def seeded(seed: int) -> torch.Generator:
    """Return a CPU generator."""
    return torch.Generator().manual_seed(seed)


def build(
    latent_shape: tuple[int, ...] = GRID, *, seed: int = 0, **settings: object
) -> LatentDiffusion:
    """Return a small model whose every weight matters, those that start at zero included."""
    torch.manual_seed(seed)
    model = LatentDiffusion(DiffusionConfig.model_validate({**SMALL, **settings}), latent_shape)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def ddpm_settings(sampler: str) -> dict[str, object]:
    """Return settings of an epsilon model with this sampler."""
    return {"objective": "epsilon", "sampler": sampler, "num_train_timesteps": 50, "ddim_eta": 0.5}


@pytest.mark.parametrize("latent_shape", [(6,), GRID, (3, 1, 4, 2)])
@pytest.mark.parametrize("objective", ["flow_matching", "epsilon", "v_prediction", "sample"])
def test_loss_is_finite_and_reaches_every_weight(
    latent_shape: tuple[int, ...], objective: str
) -> None:
    """Grid and vector latents train with every objective, and no weight is left out."""
    ddpm_family = {"objective": objective, "sampler": "ddim", "min_snr_gamma": 5.0}
    model = build(latent_shape, **({} if objective == "flow_matching" else ddpm_family))
    frames = torch.rand(5, 1, 16, 16) * 2 - 1
    loss = model(torch.randn(5, *latent_shape), frames, seeded(0))
    loss.backward()
    assert loss.isfinite()
    assert loss.shape == ()
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)


def test_loss_is_the_same_for_the_same_generator() -> None:
    """All noise, noise levels and condition noise come from the generator passed in."""
    model = build(dropout=0.0)
    latent, frames = torch.randn(3, *GRID), torch.rand(3, 1, 16, 16)
    first = model(latent, frames, seeded(1))
    assert torch.equal(first, model(latent, frames, seeded(1)))
    assert not torch.equal(first, model(latent, frames, seeded(2)))


@pytest.mark.parametrize("latent_shape", [(6,), GRID])
def test_bfloat16_training_is_near_float32(latent_shape: tuple[int, ...]) -> None:
    """Autocast changes loss and gradient by rounding only, and the loss stays float32."""
    model = build(latent_shape, dropout=0.0)
    latent, frames = torch.randn(8, *latent_shape), torch.rand(8, 1, 16, 16)
    losses, gradients = [], []
    for enabled in (False, True):
        model.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            losses.append(model(latent, frames, seeded(1)))
        losses[-1].backward()
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    assert losses[1].dtype == torch.float32
    torch.testing.assert_close(losses[0], losses[1], rtol=0.02, atol=0)
    assert torch.cosine_similarity(*gradients, dim=0) > 0.99


def test_hidden_first_frames_are_as_many_as_asked_for() -> None:
    """condition_dropout 0.5 hides about half of them in training, and none in evaluation."""
    model = build(condition_dropout=0.5)
    pooled: list[torch.Tensor] = []
    model.denoiser.register_forward_pre_hook(lambda _, inputs: pooled.append(inputs[2].pooled))
    latent, frames = torch.randn(400, *GRID), torch.rand(400, 1, 8, 8)
    model.train()(latent, frames, seeded(0))
    model.eval()(latent, frames, seeded(0))
    hidden = [(known == 0).all(dim=1).float().mean().item() for known in pooled]
    assert hidden == [pytest.approx(0.5, abs=0.1), 0]


def test_untrained_flow_loss_is_the_variance_of_its_target() -> None:
    """A new model predicts zero, so its loss is E(noise - latent)^2 = 2 for whitened latents."""
    model = LatentDiffusion(DiffusionConfig.model_validate(SMALL), GRID)
    latent = 3 + 5 * torch.randn(400, *GRID, generator=seeded(0))
    model.set_latent_statistics(latent)
    loss = model(latent, torch.zeros(400, 1, 8, 8), seeded(1))
    assert loss.item() == pytest.approx(2, rel=0.05)


def test_latent_statistics_are_per_channel() -> None:
    """Each channel is whitened alone; one that never varies is only centred."""
    model = build()
    latents = torch.randn(50, *GRID) * torch.tensor([1.0, 2.0, 3.0, 0.0]).reshape(1, 4, 1, 1, 1)
    model.set_latent_statistics(latents + 7)
    assert model.latent_std.flatten().tolist() == pytest.approx([1, 2, 3, 1], rel=0.15)
    assert model.latent_mean.flatten()[3].item() == pytest.approx(7)
    assert {"latent_mean", "latent_std"} <= set(model.state_dict())


@pytest.mark.parametrize("latent_shape", [(6,), GRID])
@pytest.mark.parametrize("sampler", ["euler", "heun", *DDPM_SAMPLERS])
def test_sample_of_an_item_does_not_depend_on_its_batch(
    sampler: str, latent_shape: tuple[int, ...]
) -> None:
    """An item alone equals the item in a batch, also where every step draws noise."""
    settings = {"sampler": sampler} if sampler in {"euler", "heun"} else ddpm_settings(sampler)
    model = build(latent_shape, **settings)
    frames = torch.rand(4, 1, 16, 16, generator=seeded(9)) * 2 - 1
    together = model.sample(frames, generators=[seeded(i) for i in range(4)])
    alone = model.sample(frames[2:3], generators=[seeded(2)])
    assert together.shape == (4, *latent_shape)
    torch.testing.assert_close(alone[0], together[2], rtol=1e-5, atol=1e-5)
    assert not torch.allclose(together[0], together[1], atol=0.1)


def test_sample_undoes_the_whitening() -> None:
    """Statistics shift and scale what is sampled, and nothing else."""
    model = build()
    frames = torch.zeros(1, 1, 16, 16)
    plain = model.sample(frames, generators=[seeded(0)])
    model.latent_mean.fill_(3)
    model.latent_std.fill_(2)
    torch.testing.assert_close(model.sample(frames, generators=[seeded(0)]), 2 * plain + 3)


def test_sample_leaves_the_training_mode_as_it_was_and_ignores_dropout() -> None:
    """Sampling in the middle of training is deterministic and changes nothing."""
    model = build(dropout=0.5).train()
    frames = torch.zeros(1, 1, 16, 16)
    first = model.sample(frames, generators=[seeded(0)])
    assert torch.equal(first, model.sample(frames, generators=[seeded(0)]))
    assert model.training


def test_guidance_scale_extrapolates_from_the_hidden_first_frame() -> None:
    """With one Euler step the result is linear in the guidance scale."""
    frames = torch.rand(1, 1, 16, 16, generator=seeded(5))
    half, plain, double = (
        build(guidance_scale=scale, num_inference_steps=1).sample(frames, generators=[seeded(0)])
        for scale in (0.5, 1.0, 1.5)
    )
    torch.testing.assert_close(plain - half, double - plain, rtol=1e-3, atol=1e-5)
    assert not torch.allclose(half, plain, atol=1e-3)


def test_wrong_calls_are_refused() -> None:
    """Each refusal names both values."""
    model = build()
    frames = torch.zeros(2, 1, 16, 16)
    with pytest.raises(ValueError, match=r"one generator per first frame, got 1 for 2"):
        model.sample(frames, generators=[seeded(0)])
    with pytest.raises(UsageError, match="ddpm does not fit a model trained with flow_matching"):
        model.sample(frames, generators=[seeded(0), seeded(1)], sampler="ddpm")
    with pytest.raises(UsageError, match="sampler plms is none of euler, heun, ddpm, ddim"):
        model.sample(frames, generators=[seeded(0), seeded(1)], sampler="plms")
    with pytest.raises(UsageError, match="num_inference_steps 0 is below 1"):
        model.sample(frames, generators=[seeded(0), seeded(1)], num_inference_steps=0)
    with pytest.raises(ValueError, match=r"shape \(4, 2, 2, 2\), got \(4, 2, 2, 3\)"):
        model(torch.zeros(2, 4, 2, 2, 3), frames, seeded(0))
    with pytest.raises(ValueError, match="not finite"):
        model.set_latent_statistics(torch.full((2, *GRID), math.nan))
    with pytest.raises(UsageError, match="num_inference_steps 51 is above the 50"):
        build(**ddpm_settings("ddim")).sample(
            frames, generators=[seeded(0), seeded(1)], num_inference_steps=51
        )
