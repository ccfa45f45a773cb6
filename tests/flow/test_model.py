"""The conditional flow: invertible, a true likelihood, the published size."""

import math

import pytest
import torch

from sonoloop.errors import SonoloopError, UsageError
from sonoloop.flow.config import FlowConfig
from sonoloop.flow.model import ConditionalFlow
from sonoloop.synthesis.image_to_video import LatentSampler

SMALL = FlowConfig(
    num_blocks=4, hidden_width=16, hidden_depth=1, condition_channels=3, condition_widths=(4, 8)
)


def seeded(*seeds: int) -> list[torch.Generator]:
    """Make one generator a seed."""
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def frames(count: int) -> torch.Tensor:
    """Return first frames that differ."""
    return torch.rand(count, 1, 32, 32, generator=torch.Generator().manual_seed(9)) * 2 - 1


@pytest.mark.parametrize(
    ("condition_channels", "millions", "exactly"), [(64, 47.3, 47_313_920), (128, 49.9, 49_935_360)]
)
def test_size_is_the_published_one(condition_channels: int, millions: float, exactly: int) -> None:
    """47.3 and 49.9 million weights, counted on the authors' module for a latent of 64."""
    config = FlowConfig(condition_channels=condition_channels)
    with torch.device("meta"):
        flow = ConditionalFlow(config, (64,))
    count = sum(weight.numel() for weight in flow.blocks.parameters())
    assert round(count / 1e6, 1) == millions
    # 80 networks 32 + k -> 512 -> 512 -> 512 -> 32, and two numbers a channel in 20 ActNorms.
    network = (32 + condition_channels + 1) * 512 + 2 * 513 * 512 + 513 * 32
    assert count == exactly == 80 * network + 20 * 128


@pytest.mark.parametrize("latent_shape", [(64,), (4, 4, 8, 8)])
def test_inverse_is_exact(latent_shape: tuple[int, ...]) -> None:
    """The full 20 blocks on vectors and grids, weights as at the start: 1e-4 at most."""
    torch.manual_seed(0)
    flow = ConditionalFlow(FlowConfig(hidden_width=128), latent_shape)
    latent = 2 + 3 * torch.randn(64, *latent_shape)
    flow.initialize(latent, frames(64))
    with torch.no_grad():
        noise, _ = flow.to_noise(latent, frames(64))
        assert noise.std() == pytest.approx(1.0, abs=0.3)
        again = flow.to_latent(noise, frames(64))
    assert (again - latent).abs().max() <= 1e-4


def test_bf16_does_not_blunt_the_inverse() -> None:
    """Couplings stay in float32 where a training run computes in bf16."""
    torch.manual_seed(0)
    flow = ConditionalFlow(SMALL, (8,))
    latent = torch.randn(16, 8)
    flow.initialize(latent, frames(16))
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        noise, _ = flow.to_noise(latent, frames(16))
        assert noise.dtype == torch.float32
        assert (flow.to_latent(noise, frames(16)) - latent).abs().max() <= 1e-4


def test_log_determinant_is_that_of_autograd_s_jacobian() -> None:
    """Grid latent of 8 numbers, ActNorms set."""
    torch.manual_seed(0)
    flow = ConditionalFlow(SMALL, (2, 1, 2, 2))
    latent, first_frame = 1 + 2 * torch.randn(20, 2, 1, 2, 2), frames(20)
    flow.initialize(latent, first_frame)
    for item in range(3):
        one, frame = latent[item : item + 1], first_frame[item : item + 1]
        _, log_determinant = flow.to_noise(one, frame)
        jacobian = torch.autograd.functional.jacobian(
            lambda x, frame=frame: flow.to_noise(x[None], frame)[0][0], one[0]
        )
        assert isinstance(jacobian, torch.Tensor)
        expected = torch.linalg.slogdet(jacobian.reshape(8, 8).double()).logabsdet
        assert log_determinant.item() == pytest.approx(expected.item(), abs=1e-4)


def test_it_fits_the_socket() -> None:
    """Items do not depend on each other; one CPU generator each."""
    torch.manual_seed(0)
    flow = ConditionalFlow(SMALL, (2, 1, 2, 2))
    assert isinstance(flow, LatentSampler)
    together = flow.sample(frames(3), generators=seeded(1, 2, 3))
    assert together.shape == (3, 2, 1, 2, 2)
    alone = flow.sample(frames(3)[1:2], generators=seeded(2), num_inference_steps=1)
    torch.testing.assert_close(together[1:2], alone, atol=1e-5, rtol=1e-5)
    with pytest.raises(UsageError, match="draws in one step, not in 10"):
        flow.sample(frames(1), generators=seeded(1), num_inference_steps=10)
    with pytest.raises(ValueError, match="need one generator per first frame, got 2 for 1"):
        flow.sample(frames(1), generators=seeded(1, 2))


def test_temperature_scales_the_noise() -> None:
    """At half of it the latent is that of half the noise."""
    torch.manual_seed(0)
    flow = ConditionalFlow(SMALL.model_copy(update={"temperature": 0.5}), (6,))
    noise = torch.randn(6, generator=seeded(4)[0])[None]
    made = flow.sample(frames(1), generators=seeded(4))
    with torch.no_grad():
        torch.testing.assert_close(made, flow.to_latent(noise / 2, frames(1)))


def test_training_learns_a_conditional_distribution() -> None:
    """Latents N(m, 0.5^2) with m = 2 or -2 by the brightness of the frame, in 150 steps.

    The likelihood's limit is the entropy: d/2 log(2 pi e sigma^2), here d = 4, sigma = 1/2.
    """
    torch.manual_seed(0)
    flow = ConditionalFlow(SMALL, (4,))
    bright = (torch.arange(256) % 2).float() * 2 - 1
    first_frame = bright[:, None, None, None].expand(-1, 1, 32, 32) * 0.8
    generator = torch.Generator().manual_seed(0)

    def draw() -> torch.Tensor:
        return 2 * bright[:, None] + 0.5 * torch.randn(256, 4, generator=generator)

    flow.initialize(draw(), first_frame)
    optimizer = torch.optim.Adam(flow.parameters(), lr=5e-3)
    for _ in range(150):
        terms = flow(draw(), first_frame, generator)
        loss = (0.5 * terms.squared_norm - terms.log_determinant).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    entropy = 2 * math.log(2 * math.pi * math.e * 0.25)
    assert loss.item() + 2 * math.log(2 * math.pi) == pytest.approx(entropy, abs=0.3)
    samples = flow.sample(first_frame, generators=seeded(*range(256)))
    for sign in (-1, 1):
        some = samples[bright == sign]
        torch.testing.assert_close(some.mean(dim=0), torch.full((4,), 2.0 * sign), atol=0.3, rtol=0)
        torch.testing.assert_close(some.std(dim=0), torch.full((4,), 0.5), atol=0.15, rtol=0)


def test_latents_beyond_all_bounds_are_refused() -> None:
    """Scales that grew too large in training: one sentence with the remedy, no black loop."""
    flow = ConditionalFlow(SMALL, (4,))
    for block in flow.blocks:
        block.norm.log_scale.data.fill_(-60.0)  # type: ignore[union-attr, operator]
    with pytest.raises(SonoloopError, match="not finite, its scales grew too large in training"):
        flow.sample(frames(1), generators=seeded(0))


def test_frame_noise_is_for_training_alone() -> None:
    """Evaluation gives the same numbers twice, training does not."""
    torch.manual_seed(0)
    flow = ConditionalFlow(SMALL, (4,))
    latent, generator = torch.randn(2, 4), torch.Generator().manual_seed(0)
    assert not torch.equal(*(flow(latent, frames(2), generator).squared_norm for _ in range(2)))
    flow.eval()
    assert torch.equal(*(flow(latent, frames(2), generator).squared_norm for _ in range(2)))


def test_wrong_latents_are_refused() -> None:
    """Another shape, a single number, numbers that are none."""
    flow = ConditionalFlow(SMALL, (4,))
    with pytest.raises(ValueError, match=r"need latents of shape \(4,\), got \(5,\)"):
        flow.to_noise(torch.zeros(2, 5), frames(2))
    with pytest.raises(ValueError, match=r"latents of 2 numbers or more, got \(1,\)"):
        ConditionalFlow(SMALL, (1,))
    with pytest.raises(ValueError, match="not finite; stage 1 did not train"):
        flow.initialize(torch.full((2, 4), math.nan), frames(2))
